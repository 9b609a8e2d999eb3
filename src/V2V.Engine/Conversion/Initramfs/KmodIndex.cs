namespace V2V.Engine.Conversion.Initramfs;

/// <param name="Priority">Values of one key are tried in ascending order.</param>
/// <param name="Text">The value: a line of modules.dep, or a module's name.</param>
internal readonly record struct KmodIndexValue(uint Priority, string Text);

/// <summary>
/// The contents of modules.dep.bin or modules.alias.bin: keys with values, in the order of the keys. For dependencies the key is a module's
/// name; for aliases it is a pattern as <see cref="KmodAlias.Normalise"/> writes it.
/// </summary>
internal sealed class KmodIndex
{
    private readonly SortedDictionary<string, List<KmodIndexValue>> _entries = new(StringComparer.Ordinal);

    public IEnumerable<KeyValuePair<string, List<KmodIndexValue>>> Entries => _entries;

    public int Count => _entries.Count;

    /// <summary>The value that modprobe uses, or null.</summary>
    public string? Find(string key) => _entries.TryGetValue(key, out var values) ? values[0].Text : null;

    /// <summary>Adds a value behind those with a lower or equal priority.</summary>
    public void Add(string key, string value, uint priority)
    {
        if (!_entries.TryGetValue(key, out var values))
        {
            _entries.Add(key, [new KmodIndexValue(priority, value)]);
            return;
        }

        var position = values[^1].Priority <= priority ? -1 : values.FindIndex(v => v.Priority > priority);
        values.Insert(position < 0 ? values.Count : position, new KmodIndexValue(priority, value));
    }

    public bool Contains(string key, string value) =>
        _entries.TryGetValue(key, out var values) && values.Exists(v => v.Text == value);

    /// <summary>Makes <paramref name="value"/> the only value of a key.</summary>
    public void Replace(string key, string value, uint priority) => _entries[key] = [new KmodIndexValue(priority, value)];

    /// <summary>One above every priority in use.</summary>
    public uint NextPriority() =>
        _entries.Count == 0 ? 0 : Math.Min(uint.MaxValue - 1, _entries.Values.Max(values => values.Max(v => v.Priority))) + 1;

    /// <summary>The modules whose alias patterns match a device's modalias, as udev asks for them.</summary>
    public IEnumerable<string> Match(string modalias)
    {
        var name = KmodAlias.Normalise(modalias) ?? modalias;
        return _entries.Where(e => KmodAlias.Matches(e.Key, name)).SelectMany(e => e.Value).OrderBy(v => v.Priority).Select(v => v.Text);
    }
}
