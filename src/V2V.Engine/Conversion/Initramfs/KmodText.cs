using System.Text;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>The text forms of the module indexes, which old and small modprobes read: modules.dep, modules.alias, modules.softdep.</summary>
internal static class KmodText
{
    /// <summary>Lines "path: path path ..." by the first path's module name.</summary>
    public static KmodIndex ReadDependencies(string text)
    {
        var index = new KmodIndex();
        var priority = 0u;
        foreach (var line in Lines(text))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                index.Add(KmodAlias.ModuleName(line[..colon]), line, priority++);
            }
        }

        return index;
    }

    /// <summary>Lines "alias pattern module" by the pattern.</summary>
    public static KmodIndex ReadAliases(string text)
    {
        var index = new KmodIndex();
        var priority = 0u;
        foreach (var line in Lines(text))
        {
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["alias", var pattern, var module]
                && KmodAlias.Normalise(pattern) is { } key)
            {
                index.Add(key, module, priority++);
            }
        }

        return index;
    }

    /// <summary>Lines "softdep module pre: a b post: c": the modules named, by module.</summary>
    public static Dictionary<string, string[]> ReadSoftDependencies(string text)
    {
        var result = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var line in Lines(text))
        {
            if (line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is ["softdep", var module, .. var others])
            {
                result[module.Replace('-', '_')] = [.. others.Where(o => !o.EndsWith(':')).Select(o => o.Replace('-', '_'))];
            }
        }

        return result;
    }

    public static string WriteDependencies(KmodIndex index) => Write(index, (_, value) => value);

    public static string WriteAliases(KmodIndex index) => Write(index, (key, value) => $"alias {key} {value}");

    private static string Write(KmodIndex index, Func<string, string, string> line)
    {
        var text = new StringBuilder();
        foreach (var (key, values) in index.Entries)
        {
            foreach (var value in values)
            {
                text.Append(line(key, value.Text)).Append('\n');
            }
        }

        return text.ToString();
    }

    private static IEnumerable<string> Lines(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(l => l[0] != '#');
}
