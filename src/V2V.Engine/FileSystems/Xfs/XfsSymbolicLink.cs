namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The target of a symbolic link: inline, or in blocks that on version 5 each have a header (XFS Algorithms &amp; Data Structures, "Symbolic Links").</summary>
internal sealed class XfsSymbolicLink(XfsInode inode)
{
    /// <summary>The longest target (XFS_SYMLINK_MAXLEN counts a terminating NUL).</summary>
    public const int MaxLength = 1023;

    private const uint Magic = 0x58534C4D; // "XSLM"

    private const int HeaderSize = 56;

    private static class Offsets
    {
        public const int Offset = 4;
        public const int Length = 8;
        public const int Checksum = 12;
        public const int Uuid = 16;
        public const int Owner = 32;
        public const int DiskBlock = 40;
    }

    private XfsSuperblock Superblock => inode.Volume.Superblock;

    private int Header => Superblock.IsV5 ? HeaderSize : 0;

    public byte[] Read()
    {
        if (inode.Size is 0 or > MaxLength)
        {
            throw XfsErrors.Corrupt($"symbolic link {inode.Number} gives a target of {inode.Size} bytes.");
        }

        if (inode.DataFork.Format == XfsForkFormat.Local)
        {
            return inode.DataFork.Inline.ToArray();
        }

        var target = new byte[inode.Size];
        foreach (var (at, length, buffer) in Pieces(target.Length, isNew: false))
        {
            CheckHeader(buffer, at, length);
            buffer.Data.AsSpan(Header, length).CopyTo(target.AsSpan(at));
        }

        return target;
    }

    /// <summary>Stores the target of a new link.</summary>
    public void Write(ReadOnlySpan<byte> target)
    {
        if (target.Length <= inode.DataFork.InlineCapacity)
        {
            inode.DataFork.SetInline(target);
        }
        else
        {
            WriteBlocks(target);
        }
    }

    /// <summary>Moves an inline target to a block.</summary>
    public void MoveOut()
    {
        var target = inode.DataFork.Inline.ToArray();
        inode.DataFork.BecomeExtents();
        WriteBlocks(target);
    }

    private void WriteBlocks(ReadOnlySpan<byte> target)
    {
        inode.Size = target.Length;
        new XfsForkSpace(inode.DataFork).Allocate(0, (ulong)BlocksFor(target.Length));
        foreach (var (at, length, buffer) in Pieces(target.Length, isNew: true))
        {
            if (Superblock.IsV5)
            {
                var data = buffer.Data.AsSpan();
                data.Put32(0, Magic);
                data.Put32(Offsets.Offset, (uint)at);
                data.Put32(Offsets.Length, (uint)length);
                data.Put64(Offsets.Owner, inode.Number);
                data.Put64(Offsets.DiskBlock, buffer.DiskBlock);
                Superblock.MetadataUuid.CopyTo(data[Offsets.Uuid..]);
            }

            target.Slice(at, length).CopyTo(buffer.Data.AsSpan(Header));
        }
    }

    /// <summary>The extents that hold the target; each is one buffer with one header.</summary>
    private IEnumerable<(int At, int Length, XfsBuffer Buffer)> Pieces(int total, bool isNew)
    {
        var end = (uint)BlocksFor(total);
        var at = 0;
        for (var block = 0u; block < end && at < total;)
        {
            if (inode.DataFork.Extents.FindAtOrAfter(block) is not { } found || found.Offset > block)
            {
                throw XfsErrors.Corrupt($"symbolic link {inode.Number} has a hole.");
            }

            var blocks = (int)Math.Min(found.End - block, end - block);
            var buffer = isNew
                ? inode.Volume.Cache.Create(Superblock.ByteOf(found.Slice(block, 1).Block), blocks << Superblock.BlockLog, Offsets.Checksum)
                : inode.DataFork.Read(block, blocks, Offsets.Checksum)!;
            var length = Math.Min(total - at, buffer.Data.Length - Header);
            yield return (at, length, buffer);
            at += length;
            block += (uint)blocks;
        }
    }

    /// <summary>Blocks for a target of so many bytes, a header counted for each (xfs_symlink_blocks).</summary>
    private int BlocksFor(int length) => (length + Superblock.BlockSize - Header - 1) / (Superblock.BlockSize - Header);

    private void CheckHeader(XfsBuffer buffer, int at, int length)
    {
        var data = buffer.Data.AsReadOnly();
        if (Superblock.IsV5 && (data.U32(0) != Magic || data.U32(Offsets.Offset) != at || data.U32(Offsets.Length) != length
            || data.U64(Offsets.Owner) != inode.Number || data.U64(Offsets.DiskBlock) != buffer.DiskBlock
            || !data.Slice(Offsets.Uuid, 16).SequenceEqual(Superblock.MetadataUuid)))
        {
            throw XfsErrors.Corrupt($"a block of symbolic link {inode.Number} has a wrong header.", buffer.Address);
        }
    }
}
