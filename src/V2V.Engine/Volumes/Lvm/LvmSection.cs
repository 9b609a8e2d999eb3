namespace V2V.Engine.Volumes.Lvm;

/// <summary>A value of the metadata's text: exactly one of the three.</summary>
internal readonly record struct LvmValue(string? Text = null, long? Number = null, IReadOnlyList<LvmValue>? Items = null);

/// <summary>A section of the metadata's text: values and sections by name, the sections in their order.</summary>
internal sealed class LvmSection(string name)
{
    private readonly Dictionary<string, LvmValue> _values = new(StringComparer.Ordinal);
    private readonly List<LvmSection> _sections = [];
    private readonly Dictionary<string, LvmSection> _byName = new(StringComparer.Ordinal);

    internal string Name { get; } = name;

    internal IReadOnlyList<LvmSection> Sections => _sections;

    internal bool TryAdd(string name, LvmValue value) => !_byName.ContainsKey(name) && _values.TryAdd(name, value);

    internal bool TryAdd(LvmSection section)
    {
        if (_values.ContainsKey(section.Name) || !_byName.TryAdd(section.Name, section))
        {
            return false;
        }

        _sections.Add(section);
        return true;
    }

    internal LvmSection? TrySection(string name) => _byName.GetValueOrDefault(name);

    internal string? TryText(string name) => _values.TryGetValue(name, out var value) ? value.Text : null;

    /// <exception cref="VolumeException">There is no text of this name.</exception>
    internal string Text(string name) => TryText(name) ?? throw Missing(name);

    /// <exception cref="VolumeException">There is no UUID of this name.</exception>
    internal LvmId Id(string name) => LvmId.Parse(Text(name)) ?? throw Missing(name);

    /// <summary>A number of 0 to <paramref name="max"/>.</summary>
    /// <exception cref="VolumeException">There is no number of this name, or one that cannot be.</exception>
    internal long Number(string name, long max = uint.MaxValue) =>
        _values.TryGetValue(name, out var value) && value.Number is { } number && number >= 0 && number <= max ? number : throw Missing(name);

    /// <summary>The items of an array, or a single value as the only one; none when the name is not there.</summary>
    internal IReadOnlyList<LvmValue> List(string name) =>
        !_values.TryGetValue(name, out var value) ? [] : value.Items ?? [value];

    /// <summary>The words of a list of flags.</summary>
    internal IReadOnlySet<string> Flags(string name) => List(name).Select(v => v.Text).OfType<string>().ToHashSet(StringComparer.Ordinal);

    private VolumeException Missing(string name) =>
        LvmErrors.Corrupt($"The LVM metadata's section \"{LvmText.Printable(Name)}\" has no usable \"{name}\"");
}
