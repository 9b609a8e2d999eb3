using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>The extended attributes of one inode: in the inode as far as they fit, the others in a block.</summary>
internal sealed class ExtXattrs(ExtVolume volume, ExtInode inode)
{
    /// <summary>In the inode, entries follow a magic number, and value offsets count from the first entry.</summary>
    private const int InodeEntries = sizeof(uint);

    /// <summary>Every attribute with its value as stored. A large value is read from its own inode.</summary>
    public IEnumerable<(byte Index, byte[] Name, byte[] Value)> All()
    {
        foreach (var entry in ReadInode().Concat(ReadBlock()))
        {
            yield return (entry.NameIndex, entry.Name, entry.ValueInode == 0 ? entry.Value : ReadLargeValue(entry));
        }
    }

    /// <summary>Sets an attribute, or removes it when <paramref name="value"/> is null. Nothing happens when there is none to remove.</summary>
    /// <exception cref="GuestFileSystemException">There is no room for it.</exception>
    public void Set(byte index, byte[] name, byte[]? value)
    {
        var inInode = ReadInode();
        var inBlock = ReadBlock();
        foreach (var entry in inInode.Concat(inBlock))
        {
            if (entry.ValueInode != 0 && entry.Is(index, name))
            {
                throw LargeValue();
            }
        }

        var removed = inInode.RemoveAll(e => e.Is(index, name)) > 0;
        var removedFromBlock = inBlock.RemoveAll(e => e.Is(index, name)) > 0;
        if (value is null)
        {
            if (removed)
            {
                WriteInode(inInode);
            }

            if (removedFromBlock)
            {
                WriteBlock(inBlock);
            }

            return;
        }

        if (volume.Superblock.IsOldRevision)
        {
            throw ExtErrors.Unsupported("The ext2 file system is of revision 0, which has no extended attributes.", "Upgrade it with tune2fs in the source guest.");
        }

        // The kernel keeps no hash for attributes within the inode.
        var added = new ExtXattrEntry(index, name, value, 0, (uint)value.Length, 0);
        if (ExtXattrEntry.SizeOf([.. inInode, added]) <= inode.XattrArea.Length - InodeEntries)
        {
            WriteInode([.. inInode, added]);
            if (removedFromBlock)
            {
                WriteBlock(inBlock);
            }
        }
        else
        {
            inBlock.Add(added with { Hash = ExtXattrEntry.ComputeHash(name, value) });
            inBlock.Sort(ExtXattrBlock.Compare);
            if (ExtXattrEntry.SizeOf(inBlock) > volume.BlockSize - ExtXattrBlock.HeaderSize)
            {
                throw ExtErrors.Full($"The extended attributes of inode {inode.Number} do not fit into one block of {volume.BlockSize} bytes.");
            }

            if (removed)
            {
                WriteInode(inInode);
            }

            WriteBlock(inBlock);
        }

        if (!volume.Compat.HasFlag(ExtCompatFeatures.ExtAttr))
        {
            volume.Compat |= ExtCompatFeatures.ExtAttr;
        }
    }

    /// <summary>Gives up the attribute block of an inode that is being deleted.</summary>
    public void Release()
    {
        if (ReadInode().Concat(ReadBlock()).Any(e => e.ValueInode != 0))
        {
            throw LargeValue();
        }

        if (inode.FileAcl != 0)
        {
            WriteBlock([]);
        }
    }

    /// <summary>The part of inline data that stands here; null when there is none.</summary>
    public byte[]? ReadInlineData() => ReadInode().Find(IsInlineData)?.Value;

    /// <summary>Replaces inline data; null removes it.</summary>
    public void WriteInlineData(byte[]? value)
    {
        var entries = ReadInode();
        var at = entries.FindIndex(IsInlineData);
        if (value is null)
        {
            entries.RemoveAt(at);
        }
        else
        {
            entries[at] = entries[at] with { Value = value, ValueSize = (uint)value.Length };
        }

        WriteInode(entries);
    }

    private static bool IsInlineData(ExtXattrEntry entry) => entry.Is(ExtXattrNames.SystemIndex, "data"u8);

    private List<ExtXattrEntry> ReadInode()
    {
        var area = inode.XattrArea;
        return area.Length > InodeEntries && BinaryPrimitives.ReadUInt32LittleEndian(area) == ExtXattrBlock.Magic
            ? ExtXattrEntry.ParseAll(area, InodeEntries, InodeEntries, $"inode {inode.Number}")
            : [];
    }

    private List<ExtXattrEntry> ReadBlock() => inode.FileAcl == 0
        ? []
        : ExtXattrEntry.ParseAll(
            ExtXattrBlock.Read(volume, inode.FileAcl, inode.Number), ExtXattrBlock.HeaderSize, 0, $"inode {inode.Number}");

    private void WriteInode(List<ExtXattrEntry> entries)
    {
        var area = inode.ModifyXattrArea();
        area.Clear();
        if (entries.Count > 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(area, ExtXattrBlock.Magic);
            ExtXattrEntry.WriteAll(entries, area, InodeEntries, InodeEntries);
        }
    }

    /// <summary>Stores the entries of the block. A shared block stays as it is for the others, and this inode gets one of its own.</summary>
    private void WriteBlock(List<ExtXattrEntry> entries)
    {
        var block = inode.FileAcl;
        if (block != 0)
        {
            var references = ExtXattrBlock.ReferenceCount(ExtXattrBlock.Read(volume, block, inode.Number));
            if (references > 1)
            {
                if (entries.Any(e => e.ValueInode != 0))
                {
                    throw LargeValue();
                }

                ExtXattrBlock.SetReferenceCount(volume, block, references - 1);
                inode.AddBlocks(-1, volume.Superblock);
                block = 0;
            }
            else if (entries.Count == 0)
            {
                volume.Allocator.Free(block, 1, inode.Number);
                inode.AddBlocks(-1, volume.Superblock);
                block = 0;
            }
        }

        if (entries.Count > 0)
        {
            if (block == 0)
            {
                block = volume.Allocator.Allocate(volume.Allocator.Goal(inode), 1).Start;
                inode.AddBlocks(1, volume.Superblock);
            }

            ExtXattrBlock.Write(volume, block, entries);
        }

        inode.FileAcl = block;
    }

    private byte[] ReadLargeValue(ExtXattrEntry entry)
    {
        var holder = volume.Inodes.Get(entry.ValueInode);
        if (!holder.Flags.HasFlag(ExtInodeFlags.EaInode) || holder.Size != entry.ValueSize)
        {
            throw ExtErrors.Corrupt($"inode {entry.ValueInode} does not hold an extended attribute of inode {inode.Number}.");
        }

        var value = new byte[entry.ValueSize];
        new ExtFileData(volume, holder).Read(0, value);
        return value;
    }

    private GuestFileSystemException LargeValue() => ExtErrors.Unsupported(
        $"Inode {inode.Number} has an extended attribute in an inode of its own (feature ea_inode), which V2V reads but does not change.",
        "Remove the large extended attribute in the source guest.");
}
