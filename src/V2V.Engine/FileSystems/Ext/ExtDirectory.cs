using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>The names in a directory: inline, in a list of blocks, or in blocks with a hash tree.</summary>
internal sealed class ExtDirectory
{
    /// <summary>Stands for the inode's own bytes where a block number is asked for.</summary>
    private const long InInode = 0;

    /// <summary>An inline directory starts with its parent's number in place of "." and "..".</summary>
    private const int InlineParentSize = sizeof(uint);

    private readonly ExtVolume _volume;
    private readonly ExtInode _inode;
    private readonly ExtDirectoryBlocks? _blocks;

    public ExtDirectory(ExtVolume volume, ExtInode inode)
    {
        if (inode.Flags.HasFlag(ExtInodeFlags.Casefold) || inode.Flags.HasFlag(ExtInodeFlags.Encrypt))
        {
            var feature = inode.Flags.HasFlag(ExtInodeFlags.Encrypt) ? "encrypted (feature encrypt)" : "case-insensitive (feature casefold)";
            throw ExtErrors.Unsupported(
                $"Directory {inode.Number} is {feature}, which V2V does not understand.",
                "Move its files to an ordinary directory in the source guest if the conversion needs them.");
        }

        _volume = volume;
        _inode = inode;
        _blocks = inode.Flags.HasFlag(ExtInodeFlags.InlineData) ? null : new ExtDirectoryBlocks(volume, inode);
    }

    private delegate void BlockChange(ExtDirectoryBlock block);

    /// <summary>A name's place.</summary>
    /// <param name="Block">Physical block, or 0 for the inode itself.</param>
    /// <param name="Part">Which part of an inline directory.</param>
    /// <param name="Entry">The record.</param>
    private readonly record struct Slot(long Block, Range Part, ExtDirectoryEntry Entry);

    /// <summary>The inode that a name stands for, or null.</summary>
    public uint? Find(ReadOnlySpan<byte> name) => Locate(name)?.Entry.Inode;

    /// <summary>Every name but "." and "..", block by block.</summary>
    public IEnumerable<(string Name, uint Inode, byte FileType)> Enumerate()
    {
        var names = new List<(string Name, uint Inode, byte FileType)>();
        if (_blocks is null)
        {
            var content = ExtInlineData.Read(_volume, _inode);
            foreach (var part in InlineParts(content))
            {
                Collect(InlineBlock(content, part), names);
            }

            foreach (var name in names)
            {
                yield return name;
            }

            yield break;
        }

        for (var logical = 0L; logical < _blocks.Count; logical++)
        {
            names.Clear();
            _volume.Cache.Trim();
            var physical = _blocks.Locate(logical);
            if (!IsIndexBlock(logical, physical))
            {
                Collect(_blocks.ReadLeaf(physical), names);
            }

            foreach (var name in names)
            {
                yield return name;
            }
        }
    }

    public bool IsEmpty()
    {
        foreach (var _ in Enumerate())
        {
            return false;
        }

        return true;
    }

    /// <summary>Adds a name that is not there yet.</summary>
    public ExtDirectory Add(ReadOnlySpan<byte> name, uint inode, GuestFileType type)
    {
        var fileType = FileTypeByte(type);
        if (_blocks is null)
        {
            return AddInline(name, inode, fileType);
        }

        if (_blocks.IsIndexed)
        {
            new ExtHashTree(_blocks).Insert(name, inode, fileType);
            return this;
        }

        // Without the dir_index feature an index would go stale, so the kernel gives it up as well.
        if (_inode.Flags.HasFlag(ExtInodeFlags.Index))
        {
            _inode.Flags &= ~ExtInodeFlags.Index;
        }

        for (var logical = 0L; logical < _blocks.Count; logical++)
        {
            var physical = _blocks.Locate(logical);
            if (_blocks.ReadLeaf(physical).FindRoom(name.Length) is not null)
            {
                var leaf = _blocks.ModifyLeaf(physical);
                leaf.TryInsert(name, inode, fileType);
                _blocks.Seal(leaf);
                return this;
            }
        }

        if (_blocks.Count == 1 && _volume.Compat.HasFlag(ExtCompatFeatures.DirIndex))
        {
            ExtHashTree.Create(_blocks);
            new ExtHashTree(_blocks).Insert(name, inode, fileType);
            return this;
        }

        var added = ExtDirectoryBlock.Initialise(_blocks.Modify(_blocks.Append(ExtBlockKind.DirectoryLeaf).Physical), _volume.Superblock);
        added.TryInsert(name, inode, fileType);
        _blocks.Seal(added);
        return this;
    }

    public void Remove(ReadOnlySpan<byte> name)
    {
        var slot = LocateExisting(name);
        Change(slot, block => block.Remove(slot.Entry.Offset));
    }

    /// <summary>Lets a name stand for another file.</summary>
    public void Replace(ReadOnlySpan<byte> name, uint inode, GuestFileType type)
    {
        var slot = LocateExisting(name);
        var fileType = FileTypeByte(type);
        Change(slot, block =>
        {
            ExtDirectoryEntry.SetInode(block.Data, slot.Entry.Offset, inode);
            ExtDirectoryEntry.SetFileType(block.Data, slot.Entry.Offset, fileType);
        });
    }

    /// <summary>Changes "..".</summary>
    public void SetParent(uint parent)
    {
        if (_blocks is null)
        {
            var content = ExtInlineData.Read(_volume, _inode);
            BinaryPrimitives.WriteUInt32LittleEndian(content, parent);
            ExtInlineData.Write(_volume, _inode, content);
            return;
        }

        var physical = _blocks.Locate(0);
        if (_blocks.IsIndexed)
        {
            _blocks.ReadRoot(physical);
            ExtDirectoryEntry.SetInode(_blocks.Modify(physical), ExtDirectoryEntry.SizeFor(1), parent);
            _blocks.Seal(_blocks.ModifyNode(physical, ExtHashNode.RootStart));
            return;
        }

        var entry = _blocks.ReadLeaf(physical).Find(".."u8) ?? throw ExtErrors.Corrupt($"directory {_inode.Number} has no \"..\".");
        var leaf = _blocks.ModifyLeaf(physical);
        ExtDirectoryEntry.SetInode(leaf.Data, entry.Offset, parent);
        _blocks.Seal(leaf);
    }

    /// <summary>Gives a new directory its first block with "." and "..".</summary>
    public static void Initialise(ExtVolume volume, ExtInode inode, uint parent)
    {
        ExtInlineData.InitialiseMap(volume, inode);
        inode.Size = 0;
        var directory = new ExtDirectory(volume, inode);
        var blocks = directory._blocks!;
        var leaf = ExtDirectoryBlock.Initialise(blocks.Modify(blocks.Append(ExtBlockKind.DirectoryLeaf).Physical), volume.Superblock);
        var fileType = directory.FileTypeByte(GuestFileType.Directory);
        ExtDirectoryEntry.Write(leaf.Data, 0, inode.Number, ExtDirectoryEntry.SizeFor(1), "."u8, fileType);
        var rest = ExtDirectoryEntry.SizeFor(1);
        ExtDirectoryEntry.Write(leaf.Data, rest, parent, leaf.End - rest, ".."u8, fileType);
        blocks.Seal(leaf);
    }

    private ExtDirectory AddInline(ReadOnlySpan<byte> name, uint inode, byte fileType)
    {
        var content = ExtInlineData.Read(_volume, _inode);
        foreach (var part in InlineParts(content))
        {
            if (InlineBlock(content, part).TryInsert(name, inode, fileType))
            {
                ExtInlineData.Write(_volume, _inode, content);
                return this;
            }
        }

        // No room: move to a block, which holds far more than an inode ever did.
        var parent = BinaryPrimitives.ReadUInt32LittleEndian(content);
        ExtInlineData.Remove(_volume, _inode);
        Initialise(_volume, _inode, parent);
        var directory = new ExtDirectory(_volume, _inode);
        var leaf = directory._blocks!.ModifyLeaf(directory._blocks.Locate(0));
        var fits = true;
        foreach (var part in InlineParts(content))
        {
            var block = InlineBlock(content, part);
            for (var offset = 0; offset < block.End;)
            {
                var entry = block.Read(offset);
                fits &= entry.Inode == 0 || leaf.TryInsert(block.Name(entry), entry.Inode, entry.FileType);
                offset = entry.End;
            }
        }

        directory._blocks.Seal(leaf);
        return fits
            ? directory.AddRaw(name, inode, fileType)
            : throw ExtErrors.Corrupt($"inline directory {_inode.Number} holds more than a block can.");
    }

    private ExtDirectory AddRaw(ReadOnlySpan<byte> name, uint inode, byte fileType) =>
        Add(name, inode, LinuxFileTypes.FromEntry(fileType) ?? GuestFileType.Regular);

    private Slot LocateExisting(ReadOnlySpan<byte> name) =>
        Locate(name) ?? throw ExtErrors.Corrupt($"a name vanished from directory {_inode.Number}.");

    private Slot? Locate(ReadOnlySpan<byte> name)
    {
        if (_blocks is null)
        {
            var content = ExtInlineData.Read(_volume, _inode);
            foreach (var part in InlineParts(content))
            {
                if (InlineBlock(content, part).Find(name) is { } entry)
                {
                    return new Slot(InInode, part, entry);
                }
            }

            return null;
        }

        if (_blocks.IsIndexed)
        {
            return new ExtHashTree(_blocks).Find(name) is var (physical, entry) ? new Slot(physical, default, entry) : null;
        }

        for (var logical = 0L; logical < _blocks.Count; logical++)
        {
            var physical = _blocks.Locate(logical);
            if (_blocks.ReadLeaf(physical).Find(name) is { } entry)
            {
                return new Slot(physical, default, entry);
            }
        }

        return null;
    }

    private void Change(in Slot slot, BlockChange change)
    {
        if (_blocks is null)
        {
            var content = ExtInlineData.Read(_volume, _inode);
            change(InlineBlock(content, slot.Part));
            ExtInlineData.Write(_volume, _inode, content);
        }
        else
        {
            var leaf = _blocks.ModifyLeaf(slot.Block);
            change(leaf);
            _blocks.Seal(leaf);
        }
    }

    /// <summary>Records of an inline directory stand in i_block behind the parent's number, and in the attribute; none crosses over.</summary>
    private static IEnumerable<Range> InlineParts(byte[] content)
    {
        yield return InlineParentSize..ExtInode.BlockAreaSize;
        if (content.Length > ExtInode.BlockAreaSize)
        {
            yield return ExtInode.BlockAreaSize..content.Length;
        }
    }

    private static ExtDirectoryBlock InlineBlock(byte[] content, Range part)
    {
        var data = content.AsSpan(part);
        return new ExtDirectoryBlock(data, data.Length);
    }

    private bool IsIndexBlock(long logical, long physical)
    {
        if (!_inode.Flags.HasFlag(ExtInodeFlags.Index))
        {
            return false;
        }

        if (logical == 0)
        {
            _blocks!.ReadRoot(physical);
            return true;
        }

        return _blocks!.IsHashNode(physical);
    }

    private void Collect(ExtDirectoryBlock block, List<(string Name, uint Inode, byte FileType)> names)
    {
        for (var offset = 0; offset < block.End;)
        {
            var entry = block.Read(offset);
            if (entry.Inode != 0 && !entry.IsDotOrDotDot(block.Data))
            {
                var name = block.Name(entry);
                if (name.ContainsAny((byte)'/', (byte)0))
                {
                    throw ExtErrors.Corrupt($"directory {_inode.Number} holds a name with '/' or NUL.");
                }

                names.Add((GuestText.Decode(name), entry.Inode, entry.FileType));
            }

            offset = entry.End;
        }
    }

    private byte FileTypeByte(GuestFileType type) =>
        _volume.Superblock.Incompat.HasFlag(ExtIncompatFeatures.FileType) ? LinuxFileTypes.ToEntry(type) : (byte)0;
}
