using V2V.Engine.Registry;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// Reads and writes the registry of a guest by the paths that Windows' own tools show ("HKLM\SYSTEM\ControlSet001\Services\viostor"), and records
/// every value that it changes. Writing what is there already changes and records nothing. Nothing reaches the disk before <see cref="Save"/>.
/// </summary>
public sealed class RegistryEditor
{
    private readonly ICollection<ConversionChange> _changes;
    private readonly Dictionary<string, RegistryHive> _hives = new(StringComparer.OrdinalIgnoreCase);
    private readonly GuestRegistry? _registry;

    /// <param name="registry">The hives of the guest's Windows.</param>
    /// <param name="changes">Where changes are recorded.</param>
    /// <param name="controlSets">The control sets that Windows may start with: "ControlSet001".</param>
    public RegistryEditor(GuestRegistry registry, ICollection<ConversionChange> changes, IEnumerable<string> controlSets)
    {
        ArgumentNullException.ThrowIfNull(registry);
        _registry = registry;
        _changes = changes;
        ControlSets = [.. controlSets.Select(set => $@"{RegistryPaths.System}\{set}")];
        _hives.Add(RegistryPaths.System, registry.System);
        _hives.Add(RegistryPaths.Software, registry.Software);
    }

    /// <param name="name">What paths into the hive start with, such as "BCD00000000".</param>
    /// <param name="hive">A hive that is none of Windows' own.</param>
    /// <param name="changes">Where changes are recorded.</param>
    public RegistryEditor(string name, RegistryHive hive, ICollection<ConversionChange> changes)
    {
        _changes = changes;
        _hives.Add(name, hive);
    }

    /// <summary>
    /// The control sets that Windows may start with, as paths ("HKLM\SYSTEM\ControlSet001"): the one that it ran with last, and the one that
    /// its next start is going to take if that is another. What is changed in one has to be changed in all.
    /// </summary>
    public IReadOnlyList<string> ControlSets { get; } = [];

    /// <summary>How a change to this hive can be read back: the volume and file that it lies in; null for Windows' own hives.</summary>
    internal RegistryFile? File { get; init; }

    /// <summary>The key at a path; null when it is not there.</summary>
    public RegistryKey? Find(string key)
    {
        var (hive, path) = Locate(key);
        return hive.Find(path);
    }

    public RegistryValue? FindValue(string key, string name) => Find(key)?.FindValue(name);

    public void SetString(string key, string name, string value, string why, RegistryValueKind kind = RegistryValueKind.String) =>
        Set(key, name, kind, RegistryText.Encode(value), why);

    public void SetUInt32(string key, string name, uint value, string why) => Set(key, name, RegistryValueKind.UInt32, BitConverter.GetBytes(value), why);

    public void SetStrings(string key, string name, IReadOnlyList<string> values, string why) =>
        Set(key, name, RegistryValueKind.MultiString, RegistryText.Encode(values), why);

    /// <summary>Sets a value, creating its key with all of its parents if need be.</summary>
    public void Set(string key, string name, RegistryValueKind kind, ReadOnlySpan<byte> data, string why)
    {
        var (hive, path) = Locate(key);
        var old = hive.Find(path)?.FindValue(name);
        if (old is not null && old.Kind == kind && old.Data.Span.SequenceEqual(data))
        {
            return;
        }

        hive.Create(path).Set(name, kind, data);
        var shown = RegistryText.Show(name, kind, data);
        _changes.Add(new ConversionChange(
            old is null ? ChangeKind.Created : ChangeKind.Modified, key, old is null ? shown : $"{shown}, was {RegistryText.Show(old.Kind, old.Data.Span)}", why)
        {
            Registry = new RegistryWrite(name, kind, data.ToArray()) { File = File },
        });
    }

    /// <summary>Deletes a key with everything below it, if it is there.</summary>
    public void Delete(string key, string why)
    {
        var (hive, path) = Locate(key);
        var end = path.LastIndexOf('\\');
        if (hive.Find(path) is null || hive.Find(end < 0 ? "" : path[..end]) is not { } parent)
        {
            return;
        }

        parent.Delete(path[(end + 1)..]);
        _changes.Add(new ConversionChange(ChangeKind.Deleted, key, "key deleted", why) { Registry = new RegistryWrite(null, null, null) { File = File } });
    }

    /// <summary>Deletes a value, if it is there.</summary>
    public void DeleteValue(string key, string name, string why)
    {
        if (Find(key) is { } found && found.FindValue(name) is { } old)
        {
            found.DeleteValue(name);
            _changes.Add(new ConversionChange(ChangeKind.Deleted, key, $"{RegistryText.Show(name, old.Kind, old.Data.Span)} deleted", why)
            {
                Registry = new RegistryWrite(name, null, null) { File = File },
            });
        }
    }

    /// <summary>Writes every changed hive to its file.</summary>
    public void Save()
    {
        if (_registry is not null)
        {
            _registry.Save();
            return;
        }

        foreach (var hive in _hives.Values)
        {
            hive.Save();
        }
    }

    private (RegistryHive Hive, string Path) Locate(string key)
    {
        foreach (var (prefix, hive) in _hives)
        {
            if (key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && (key.Length == prefix.Length || key[prefix.Length] == '\\'))
            {
                return (hive, key[prefix.Length..].TrimStart('\\'));
            }
        }

        throw new ArgumentException($"{key} is in none of {string.Join(", ", _hives.Keys)}.", nameof(key));
    }
}
