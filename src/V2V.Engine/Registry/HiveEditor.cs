namespace V2V.Engine.Registry;

/// <summary>The changes that a hive knows: keys made and deleted, values set and deleted. Each keeps every count and list right.</summary>
internal sealed class HiveEditor
{
    private const string ClassName = "a class name";

    private readonly RegistryHive _hive;
    private readonly HiveCells _cells;
    private readonly HiveAllocator _allocator;
    private readonly KeySecurity _security;
    private readonly SubkeyWriter _subkeys;
    private readonly ValueWriter _values;

    public HiveEditor(RegistryHive hive, ValueData data, uint minorVersion)
    {
        _hive = hive;
        _cells = hive.Cells;
        _allocator = new HiveAllocator(_cells.Pages, _cells);
        _security = new KeySecurity(_cells, _allocator);
        _subkeys = new SubkeyWriter(_cells, hive.Subkeys, _allocator, minorVersion);
        _values = new ValueWriter(hive, _allocator, data);
    }

    private static ulong Now => FileTime.FromDateTimeOffset(DateTimeOffset.UtcNow);

    public void Forget() => _allocator.Forget();

    /// <summary>Opens or makes a subkey, which shares its parent's security descriptor, and returns its cell.</summary>
    public uint CreateKey(uint parent, string name, int depth)
    {
        var node = KeyNode.Read(_cells, parent);
        if (_hive.Subkeys.Find(parent, node, name) is { } existing)
        {
            return existing;
        }

        if (name.Length > RegistryNames.MaxKeyName)
        {
            throw new ArgumentException($"A key's name has {name.Length} characters; Windows allows {RegistryNames.MaxKeyName}.", nameof(name));
        }

        if (depth > RegistryKey.MaxDepth)
        {
            throw new ArgumentException($"A key would lie {depth} levels deep; Windows allows {RegistryKey.MaxDepth}.", nameof(depth));
        }

        _security.AddReference(node.Security);
        var now = Now;
        var child = _allocator.Add(Make(name, parent, node.Security, now));
        node = _subkeys.Add(parent, node, child, name);

        // The lower half only: the upper one came to hold flags.
        var longest = Math.Max(node.MaxSubkeyName & ushort.MaxValue, (uint)name.Length * 2);
        (node with { MaxSubkeyName = (node.MaxSubkeyName & ~(uint)ushort.MaxValue) | longest, LastWritten = now }).Write(_cells, parent);
        return child;
    }

    /// <summary>Deletes a key and all below it.</summary>
    public void DeleteKey(uint key, int depth)
    {
        var node = KeyNode.Read(_cells, key);
        var parent = KeyNode.Read(_cells, node.Parent);
        var rootSecurity = _hive.RootSecurity;
        var deleted = new List<uint>();
        var pending = new Stack<(uint Cell, int Depth)>();
        pending.Push((key, depth));
        parent = _subkeys.Remove(node.Parent, parent, key);
        while (pending.TryPop(out var next))
        {
            if (next.Depth > RegistryKey.MaxDepth)
            {
                throw _cells.Corrupt(next.Cell, $"keys are nested more than {RegistryKey.MaxDepth} times.");
            }

            var here = KeyNode.Read(_cells, next.Cell);
            foreach (var child in _hive.Subkeys.All(next.Cell, here))
            {
                _hive.Subkeys.ReadChild(next.Cell, child);
                pending.Push((child, next.Depth + 1));
            }

            _subkeys.FreeAll(next.Cell, here);
            _values.FreeAll(next.Cell, here);
            if (here.ClassLength > 0 && here.Class != HiveCells.None)
            {
                _allocator.Free(here.Class, ClassName);
            }

            _security.RemoveReference(here.Security, rootSecurity);
            _allocator.Free(next.Cell, "a key");
            deleted.Add(next.Cell);
        }

        if (parent.SubkeyCount == 0)
        {
            parent = parent with { MaxSubkeyName = parent.MaxSubkeyName & ~(uint)ushort.MaxValue, MaxSubkeyClass = 0 };
        }

        (parent with { LastWritten = Now }).Write(_cells, node.Parent);
        foreach (var cell in deleted)
        {
            _hive.CountDeletion(cell);
            _hive.Subkeys.Distrust(cell);
        }
    }

    public void SetValue(uint key, string name, RegistryValueKind kind, byte[] data) => _values.Set(key, name, kind, data, Now);

    public bool DeleteValue(uint key, string name) => _values.Delete(key, name, Now);

    private static byte[] Make(string name, uint parent, uint security, ulong now)
    {
        var stored = RegistryNames.Encode(name, out var isCompressed);
        var raw = new byte[KeyNode.HeaderSize + stored.Length];
        new KeyNode
        {
            Flags = isCompressed ? KeyFlags.CompressedName : (ushort)0,
            LastWritten = now,
            Parent = parent,
            SubkeyList = HiveCells.None,
            ValueList = HiveCells.None,
            Security = security,
            Class = HiveCells.None,
            NameLength = (ushort)stored.Length,
        }.WriteTo(raw);
        KeyNode.WriteNoVolatileKeys(raw);
        stored.CopyTo(raw.AsSpan(KeyNode.HeaderSize));
        return raw;
    }
}
