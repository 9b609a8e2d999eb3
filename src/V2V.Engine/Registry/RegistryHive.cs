using System.Buffers.Binary;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Registry;

/// <summary>
/// A file of the registry ("hive", format regf 1.3 to 1.6), read page by page and changed in memory until <see cref="Save"/>.
/// A hive that Windows was writing when the guest stopped is read with its transaction logs applied. Not thread-safe.
/// </summary>
public sealed class RegistryHive
{
    private const string ValueList = "a list of values";

    private readonly HiveFile _file;
    private readonly IReadOnlyList<HiveFile> _logs;
    private readonly HiveBaseBlock _baseBlock;
    private readonly HivePages _pages;
    private readonly ValueData _data;
    private readonly HiveEditor _editor;
    private readonly Dictionary<uint, int> _incarnations = [];
    private bool _isUnwritten;

    private RegistryHive(HiveFile file, IReadOnlyList<HiveFile> logs, HiveBaseBlock baseBlock, HivePages pages, bool wasDirty)
    {
        (_file, _logs, _baseBlock, _pages, WasDirty, _isUnwritten) = (file, logs, baseBlock, pages, wasDirty, wasDirty);
        Cells = new HiveCells(pages);
        Subkeys = new SubkeyReader(Cells, baseBlock.RootCell);
        _data = new ValueData(Cells, baseBlock.Minor);
        _editor = new HiveEditor(this, _data, baseBlock.Minor);
        Root = new RegistryKey(this, baseBlock.RootCell, parentPath: null, depth: 0);
    }

    /// <summary>Path in the guest, links resolved.</summary>
    public string Path => _file.Path;

    /// <summary>Whether something was changed since it was opened or saved.</summary>
    public bool IsChanged { get; private set; }

    /// <summary>Whether transaction logs were applied, in memory, when it was opened.</summary>
    public bool WasDirty { get; }

    public RegistryKey Root { get; }

    internal HiveCells Cells { get; }

    internal SubkeyReader Subkeys { get; }

    internal uint RootSecurity => KeyNode.Read(Cells, _baseBlock.RootCell).Security;

    /// <summary>Opens a hive, whose path is '/'-separated and may be spelled in any case. Nothing is written before <see cref="Save"/>.</summary>
    /// <exception cref="GuestFileSystemException">It does not exist, is malformed, or is dirty and its logs do not repair it.</exception>
    public static RegistryHive Open(GuestRoot root, string path)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(path);
        var file = HiveFile.TryOpen(root, path) ?? throw RegistryErrors.NotFound(path);
        var logs = file.Beside(root, HiveLogs.Suffixes);
        var opened = HiveOpening.Open(file, logs);
        return new RegistryHive(file, logs, opened.BaseBlock, opened.Pages, opened.WasDirty);
    }

    /// <summary>The key at a backslash-separated path from the root; null when there is none. "" is the root.</summary>
    public RegistryKey? Find(string path) => Root.Find(path);

    /// <summary>Opens the key at a path from the root, making what is missing of it.</summary>
    public RegistryKey Create(string path) => Root.Create(path);

    /// <summary>
    /// Writes the changed pages, a base block that says clean, and empties the logs, whose entries would be older than the hive.
    /// Does nothing when there is nothing to write.
    /// </summary>
    public void Save()
    {
        if (!IsChanged && !_isUnwritten)
        {
            return;
        }

        // As Windows counts writes. Logs are emptied rather than outnumbered: what they hold belongs to the state before.
        _baseBlock.PrimarySequence = unchecked(_baseBlock.PrimarySequence + 1);
        _baseBlock.SecondarySequence = _baseBlock.PrimarySequence;
        _baseBlock.DataSize = _pages.Size;
        _baseBlock.UpdateChecksum();
        _pages.Flush();
        _file.Write(0, _baseBlock.Raw);
        foreach (var log in _logs.Where(l => l.Length > 0))
        {
            log.Empty();
        }

        IsChanged = false;
        _isUnwritten = false;
    }

    /// <summary>Counts the deletions of keys at a cell, so that a key that was deleted is not taken for another that came after it.</summary>
    internal int Incarnation(uint cell) => _incarnations.GetValueOrDefault(cell);

    internal void CountDeletion(uint cell) => _incarnations[cell] = Incarnation(cell) + 1;

    /// <summary>Runs a change as a whole: when it throws, the hive is as it was before.</summary>
    internal T Edit<T>(Func<HiveEditor, T> change)
    {
        _pages.Begin();
        try
        {
            var result = change(_editor);
            IsChanged |= _pages.IsTouched;
            _pages.Commit();
            return result;
        }
        catch
        {
            _pages.RollBack();
            _editor.Forget();
            Subkeys.DistrustAll();
            throw;
        }
    }

    internal void Edit(Action<HiveEditor> change) => Edit(editor =>
    {
        change(editor);
        return true;
    });

    internal IEnumerable<RegistryValue> ReadValues(uint key, KeyNode node)
    {
        var total = 0L;
        foreach (var cell in ValueCells(key, node))
        {
            var value = KeyValue.Read(Cells, cell);

            // Values that share their data would make a small hive large.
            total += value.IsInline ? 0 : value.Size;
            if (total > _pages.Size)
            {
                throw Cells.Corrupt(key, "the values of a key claim more data than the hive has.");
            }

            yield return new RegistryValue(value.ReadName(Cells, cell), value.Kind, _data.Read(cell, value));
        }
    }

    internal RegistryValue? FindValue(uint key, KeyNode node, string name)
    {
        if (FindValueCell(key, node, name) is not { } cell)
        {
            return null;
        }

        var value = KeyValue.Read(Cells, cell);
        return new RegistryValue(value.ReadName(Cells, cell), value.Kind, _data.Read(cell, value));
    }

    internal uint? FindValueCell(uint key, KeyNode node, string name)
    {
        foreach (var cell in ValueCells(key, node))
        {
            if (RegistryNames.Equal(KeyValue.Read(Cells, cell).ReadName(Cells, cell), name))
            {
                return cell;
            }
        }

        return null;
    }

    internal uint[] ValueCells(uint key, KeyNode node)
    {
        var count = node.EffectiveValueCount;
        if (count == 0)
        {
            return [];
        }

        var raw = Cells.Read(node.ValueList, (long)count * sizeof(uint), ValueList);
        var cells = new uint[count];
        for (var i = 0; i < cells.Length; i++)
        {
            cells[i] = BinaryPrimitives.ReadUInt32LittleEndian(raw.AsSpan(i * sizeof(uint)));
        }

        return cells.Distinct().Count() == cells.Length ? cells : throw Cells.Corrupt(key, "a list of values names one twice.");
    }
}
