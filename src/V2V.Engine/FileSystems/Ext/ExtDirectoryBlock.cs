using System.Buffers.Binary;
using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>The records of a directory block, or of one of the two parts of an inline directory. A view over the bytes.</summary>
/// <param name="data">The block.</param>
/// <param name="end">Where the records end: before the checksum tail, if there is one.</param>
internal readonly ref struct ExtDirectoryBlock(Span<byte> data, int end)
{
    /// <summary>With metadata_csum a leaf ends in a record of this size that only holds the checksum.</summary>
    public const int TailSize = 12;

    private const byte TailFileType = 0xDE;

    private const int TailChecksum = 8;

    private readonly Span<byte> _data = data;

    public Span<byte> Data => _data;

    public int End { get; } = end;

    public static ExtDirectoryBlock Leaf(Span<byte> block, ExtSuperblock superblock) =>
        new(block, block.Length - (superblock.HasMetadataChecksums ? TailSize : 0));

    /// <summary>Makes a block one unused record, with a tail where there are checksums.</summary>
    public static ExtDirectoryBlock Initialise(Span<byte> block, ExtSuperblock superblock)
    {
        block.Clear();
        var leaf = Leaf(block, superblock);
        ExtDirectoryEntry.SetRecordLength(block, 0, leaf.End);
        if (superblock.HasMetadataChecksums)
        {
            ExtDirectoryEntry.Write(block, leaf.End, 0, TailSize, [], TailFileType);
        }

        return leaf;
    }

    /// <summary>The record at an offset that an earlier one led to.</summary>
    /// <exception cref="GuestFileSystemException">It is malformed.</exception>
    public ExtDirectoryEntry Read(int offset) => ExtDirectoryEntry.TryParse(_data, offset, End, out var entry)
        ? entry
        : throw ExtErrors.Corrupt($"a directory record at offset {offset} of its block is malformed.");

    public Span<byte> Name(in ExtDirectoryEntry entry) => _data.Slice(entry.NameOffset, entry.NameLength);

    public ExtDirectoryEntry? Find(ReadOnlySpan<byte> name)
    {
        for (var offset = 0; offset < End;)
        {
            var entry = Read(offset);
            if (entry.Inode != 0 && entry.NameLength == name.Length && Name(entry).SequenceEqual(name))
            {
                return entry;
            }

            offset = entry.End;
        }

        return null;
    }

    /// <summary>The first record with enough room behind its name for another.</summary>
    public ExtDirectoryEntry? FindRoom(int nameLength)
    {
        var needed = ExtDirectoryEntry.SizeFor(nameLength);
        for (var offset = 0; offset < End;)
        {
            var entry = Read(offset);
            if (entry.RecordLength - entry.UsedLength >= needed)
            {
                return entry;
            }

            offset = entry.End;
        }

        return null;
    }

    /// <summary>Adds a record where there is room; false when there is none.</summary>
    public bool TryInsert(ReadOnlySpan<byte> name, uint inode, byte fileType)
    {
        if (FindRoom(name.Length) is not { } entry)
        {
            return false;
        }

        var used = entry.UsedLength;
        if (used > 0)
        {
            ExtDirectoryEntry.SetRecordLength(_data, entry.Offset, used);
        }

        ExtDirectoryEntry.Write(_data, entry.Offset + used, inode, entry.RecordLength - used, name, fileType);
        return true;
    }

    /// <summary>Adds a record's space to the one before it; the first of a block becomes unused instead.</summary>
    public void Remove(int target)
    {
        ExtDirectoryEntry? previous = null;
        for (var offset = 0; offset < target;)
        {
            previous = Read(offset);
            offset = previous.Value.End;
        }

        var entry = Read(target);
        if (previous is { } before)
        {
            ExtDirectoryEntry.SetRecordLength(_data, before.Offset, before.RecordLength + entry.RecordLength);
            _data.Slice(target, ExtDirectoryEntry.HeaderSize + entry.NameLength).Clear();
        }
        else
        {
            ExtDirectoryEntry.SetInode(_data, target, 0);
        }
    }

    public void Seal(ExtSuperblock superblock, uint seed)
    {
        if (superblock.HasMetadataChecksums)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_data[(End + TailChecksum)..], Crc32C.Append(seed, _data[..End]));
        }
    }

    public static void Verify(ReadOnlySpan<byte> block, ExtSuperblock superblock, uint seed, uint inode, long offset)
    {
        if (!superblock.HasMetadataChecksums)
        {
            return;
        }

        var end = block.Length - TailSize;
        if (!ExtDirectoryEntry.TryParse(block, end, block.Length, out var tail) || tail is not { Inode: 0, NameLength: 0, FileType: TailFileType }
            || BinaryPrimitives.ReadUInt32LittleEndian(block[(end + TailChecksum)..]) != Crc32C.Append(seed, block[..end]))
        {
            throw ExtErrors.Corrupt($"the checksum of a block of directory {inode} is wrong.", offset);
        }
    }
}
