namespace V2V.Engine.Registry;

/// <summary>
/// A key of a hive. What is malformed is found when it is looked at, and ends in a <see cref="GuestFileSystemException"/>.
/// Names are compared as Windows does, without regard to case; symbolic links between keys are not followed.
/// </summary>
public sealed class RegistryKey
{
    /// <summary>Levels below a hive's root, Windows' own limit ("Registry Element Size Limits").</summary>
    public const int MaxDepth = 512;

    private readonly RegistryHive _hive;
    private readonly uint _cell;
    private readonly int _incarnation;
    private readonly int _depth;

    /// <param name="hive">The hive that it is in.</param>
    /// <param name="cell">Where it stands.</param>
    /// <param name="parentPath">Path of the parent; null for the root.</param>
    /// <param name="depth">Levels below the root.</param>
    internal RegistryKey(RegistryHive hive, uint cell, string? parentPath, int depth)
    {
        _hive = hive;
        _cell = cell;
        _depth = depth;
        _incarnation = hive.Incarnation(cell);
        Name = KeyNode.Read(hive.Cells, cell).ReadName(hive.Cells, cell);
        Path = parentPath switch { null => "", "" => Name, _ => $"{parentPath}\\{Name}" };
    }

    /// <summary>Name as spelled in the hive.</summary>
    public string Name { get; }

    /// <summary>Names from the hive's root, separated by backslashes; "" is the root itself.</summary>
    public string Path { get; }

    public DateTimeOffset LastWritten => FileTime.ToDateTimeOffset(Node.LastWritten);

    /// <summary>A string that few keys have, and some use to hide data; null when there is none.</summary>
    public string? ClassName
    {
        get
        {
            var node = Node;
            if (node.ClassLength == 0 || node.Class == HiveCells.None)
            {
                return null;
            }

            return RegistryNames.FromUtf16(_hive.Cells.Read(node.Class, node.ClassLength, "a class name"));
        }
    }

    /// <summary>The subkeys in the order of their names. Lazy: not to be changed while it is enumerated.</summary>
    public IEnumerable<RegistryKey> Keys
    {
        get
        {
            foreach (var child in _hive.Subkeys.All(_cell, Node))
            {
                _hive.Subkeys.ReadChild(_cell, child);
                yield return Child(child);
            }
        }
    }

    /// <summary>The values in the order in which they are stored, each with its data.</summary>
    public IEnumerable<RegistryValue> Values => _hive.ReadValues(_cell, Node);

    private KeyNode Node
    {
        get
        {
            CheckExists();
            return KeyNode.Read(_hive.Cells, _cell);
        }
    }

    /// <summary>The key at a path below this one; null when there is none. "" is this key.</summary>
    public RegistryKey? Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var key = this;
        foreach (var name in Split(path))
        {
            if (key._hive.Subkeys.Find(key._cell, key.Node, name) is not { } child)
            {
                return null;
            }

            key = key.Child(child);
        }

        return key;
    }

    /// <summary>Opens the key at a path below this one, making every part of it that is missing, with its parent's security.</summary>
    /// <exception cref="ArgumentException">A name is longer than 255 characters, or the key would lie more than 512 levels deep.</exception>
    public RegistryKey Create(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var key = this;
        foreach (var name in Split(path))
        {
            key.CheckExists();
            key = key.Child(key._hive.Edit(editor => editor.CreateKey(key._cell, name, key._depth + 1)));
        }

        return key;
    }

    /// <summary>Deletes the key at a path below this one, with everything below it.</summary>
    /// <returns>False when there is none.</returns>
    public bool Delete(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Find(path) is not { } key || key._cell == _cell)
        {
            return false;
        }

        _hive.Edit(editor => editor.DeleteKey(key._cell, key._depth));
        return true;
    }

    /// <summary>The value of that name; "" is the default value. Null when there is none.</summary>
    public RegistryValue? FindValue(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _hive.FindValue(_cell, Node, name);
    }

    /// <summary>Text of a REG_SZ, REG_EXPAND_SZ (not expanded) or REG_LINK, up to its first NUL; null when it is missing or of another type.</summary>
    public string? GetString(string name) => FindValue(name)?.AsString();

    /// <summary>Number of a REG_DWORD; null when it is missing or of another type.</summary>
    public uint? GetUInt32(string name) => FindValue(name)?.AsUInt32();

    /// <summary>Strings of a REG_MULTI_SZ; null when it is missing or of another type.</summary>
    public IReadOnlyList<string>? GetStrings(string name) => FindValue(name)?.AsStrings();

    /// <summary>Sets a value, made when it is missing; an existing one keeps the spelling of its name.</summary>
    /// <exception cref="ArgumentException">The name is longer than 16,383 characters.</exception>
    public void Set(string name, RegistryValueKind kind, ReadOnlySpan<byte> data)
    {
        ArgumentNullException.ThrowIfNull(name);
        CheckExists();
        var copy = data.ToArray();
        _hive.Edit(editor => editor.SetValue(_cell, name, kind, copy));
    }

    /// <summary>Sets a string, with the NUL that ends it.</summary>
    public void SetString(string name, string value, RegistryValueKind kind = RegistryValueKind.String)
    {
        ArgumentNullException.ThrowIfNull(value);
        Set(name, kind, RegistryNames.ToUtf16(kind == RegistryValueKind.Link ? value : value + '\0'));
    }

    public void SetUInt32(string name, uint value)
    {
        Span<byte> data = stackalloc byte[sizeof(uint)];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(data, value);
        Set(name, RegistryValueKind.UInt32, data);
    }

    /// <summary>Sets a REG_MULTI_SZ.</summary>
    /// <exception cref="ArgumentException">One of the strings is empty, which would end the list.</exception>
    public void SetStrings(string name, IReadOnlyList<string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Any(string.IsNullOrEmpty))
        {
            throw new ArgumentException("A list of strings ends with an empty one, so it cannot hold one.", nameof(values));
        }

        Set(name, RegistryValueKind.MultiString, RegistryNames.ToUtf16(string.Concat(values.Select(v => v + '\0')) + '\0'));
    }

    /// <returns>False when there is no such value.</returns>
    public bool DeleteValue(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        CheckExists();
        return _hive.Edit(editor => editor.DeleteValue(_cell, name));
    }

    public override string ToString() => Path;

    private static string[] Split(string path) => path.Split('\\', StringSplitOptions.RemoveEmptyEntries);

    private RegistryKey Child(uint cell)
    {
        if (_depth >= MaxDepth)
        {
            throw _hive.Cells.Corrupt(cell, $"keys are nested more than {MaxDepth} times.");
        }

        return new RegistryKey(_hive, cell, Path, _depth + 1);
    }

    private void CheckExists()
    {
        if (_hive.Incarnation(_cell) != _incarnation)
        {
            throw new InvalidOperationException($"The key {Path} of {_hive.Path} was deleted.");
        }
    }
}
