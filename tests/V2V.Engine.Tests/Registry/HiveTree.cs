using System.Text;
using V2V.Engine.Registry;

namespace V2V.Engine.Tests.Registry;

/// <summary>What a hive should hold, in memory: the model that edits are compared with. Keys are in the registry's order, values in that of their making.</summary>
internal sealed class HiveTree
{
    private readonly SortedDictionary<string, HiveTree> _keys = new(new NameOrder());
    private readonly List<(string Name, uint Kind, byte[] Data)> _values = [];

    internal IEnumerable<string> Names => _keys.Keys;

    internal IEnumerable<string> ValueNames => _values.Select(v => v.Name);

    internal HiveTree? Find(string path) =>
        path.Split('\\', StringSplitOptions.RemoveEmptyEntries).Aggregate<string, HiveTree?>(this, (k, n) => k?._keys.GetValueOrDefault(n));

    internal HiveTree Create(string path)
    {
        var here = this;
        foreach (var name in path.Split('\\', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!here._keys.TryGetValue(name, out var next))
            {
                here._keys[name] = next = new HiveTree();
            }

            here = next;
        }

        return here;
    }

    internal bool Delete(string path)
    {
        var at = path.LastIndexOf('\\');
        return Find(at < 0 ? "" : path[..at]) is { } parent && parent._keys.Remove(path[(at + 1)..]);
    }

    internal void Set(string name, uint kind, byte[] data)
    {
        var at = _values.FindIndex(v => NameOrder.Same(v.Name, name));
        if (at < 0)
        {
            _values.Add((name, kind, data));
        }
        else
        {
            _values[at] = (_values[at].Name, kind, data);
        }
    }

    internal bool DeleteValue(string name) => _values.RemoveAll(v => NameOrder.Same(v.Name, name)) > 0;

    internal IEnumerable<string> Paths(string path = "") =>
        _keys.SelectMany(k => k.Value.Paths(path.Length == 0 ? k.Key : $"{path}\\{k.Key}")).Prepend(path);

    /// <summary>One line a key and value, in the order of a walk.</summary>
    internal IEnumerable<string> Lines(string path = "")
    {
        yield return KeyLine(path);
        foreach (var (name, kind, data) in _values)
        {
            yield return ValueLine(name, kind, data);
        }

        foreach (var line in _keys.SelectMany(k => k.Value.Lines(path.Length == 0 ? k.Key : $"{path}\\{k.Key}")))
        {
            yield return line;
        }
    }

    /// <summary>The same of a hive, as the engine reads it.</summary>
    internal static IEnumerable<string> Lines(RegistryKey key) =>
        key.Values.Select(v => ValueLine(v.Name, (uint)v.Kind, v.Data.Span)).Prepend(KeyLine(key.Path)).Concat(key.Keys.SelectMany(Lines));

    private static string KeyLine(string path) => $"K {Convert.ToHexString(Encoding.UTF8.GetBytes(path))}";

    private static string ValueLine(string name, uint kind, ReadOnlySpan<byte> data) =>
        $"V {Convert.ToHexString(Encoding.UTF8.GetBytes(name))} {kind} {Convert.ToHexString(data)}";

    private sealed class NameOrder : IComparer<string>
    {
        internal static bool Same(string a, string b) => string.Equals(Upper(a), Upper(b), StringComparison.Ordinal);

        public int Compare(string? x, string? y) => string.CompareOrdinal(Upper(x!), Upper(y!));

        private static string Upper(string text) => string.Concat(text.Select(char.ToUpperInvariant));
    }
}
