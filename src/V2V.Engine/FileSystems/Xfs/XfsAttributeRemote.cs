using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A value in blocks of its own: bare in version 4, each block with a header (xfs_attr3_rmt_hdr) in version 5.</summary>
internal static class XfsAttributeRemote
{
    private const uint Magic = 0x5841524D;

    private const int Version5HeaderSize = 56;

    private static class Offsets
    {
        public const int ValueOffset = 4;
        public const int Length = 8;
        public const int Checksum = 12;
        public const int Uuid = 16;
        public const int Owner = 32;
        public const int DiskBlock = 40;
    }

    public static byte[] Read(XfsFork fork, uint block, int length)
    {
        var value = new byte[length];
        for (var done = 0; done < length; block++)
        {
            var buffer = fork.Read(block, 1, ChecksumOffset(fork))
                ?? throw XfsErrors.Corrupt($"block {block} of an attribute value of inode {fork.Owner} is a hole.");
            var count = Math.Min(Capacity(fork), length - done);
            if (fork.Geometry.IsV5)
            {
                Verify(fork, buffer, done, count);
            }

            buffer.Data.AsSpan(HeaderSize(fork), count).CopyTo(value.AsSpan(done));
            done += count;
        }

        return value;
    }

    /// <summary>Stores a value; returns the first of its blocks within the fork.</summary>
    public static uint Write(XfsFork fork, ReadOnlySpan<byte> value)
    {
        var first = XfsDaHoles.Find(fork, 0, uint.MaxValue, (uint)BlockCount(fork, value.Length), 1)
            ?? throw XfsErrors.Full($"The attributes of inode {fork.Owner} cannot grow any more.");
        var (block, offset) = (first, 0);
        while (offset < value.Length)
        {
            var buffer = fork.Allocate(block++, 1, ChecksumOffset(fork));
            buffer.MarkDirty();
            var count = Math.Min(Capacity(fork), value.Length - offset);
            if (fork.Geometry.IsV5)
            {
                WriteHeader(fork, buffer, offset, count);
            }

            value.Slice(offset, count).CopyTo(buffer.Data.AsSpan(HeaderSize(fork)));
            offset += count;
        }

        return first;
    }

    /// <summary>Frees the blocks of a value.</summary>
    public static void Free(XfsFork fork, uint block, int length)
    {
        for (var left = BlockCount(fork, length); left > 0; left--, block++)
        {
            fork.Free(block, 1);
        }
    }

    private static void WriteHeader(XfsFork fork, XfsBuffer buffer, int offset, int count)
    {
        var raw = buffer.Data.AsSpan();
        BinaryPrimitives.WriteUInt32BigEndian(raw, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(raw[Offsets.ValueOffset..], (uint)offset);
        BinaryPrimitives.WriteUInt32BigEndian(raw[Offsets.Length..], (uint)count);
        fork.Geometry.MetadataUuid.CopyTo(raw[Offsets.Uuid..]);
        BinaryPrimitives.WriteUInt64BigEndian(raw[Offsets.Owner..], fork.Owner);
        BinaryPrimitives.WriteUInt64BigEndian(raw[Offsets.DiskBlock..], buffer.DiskBlock);
    }

    private static void Verify(XfsFork fork, XfsBuffer buffer, int offset, int count)
    {
        var raw = buffer.Data.AsSpan();
        if (BinaryPrimitives.ReadUInt32BigEndian(raw) != Magic
            || BinaryPrimitives.ReadUInt32BigEndian(raw[Offsets.ValueOffset..]) != offset
            || BinaryPrimitives.ReadUInt32BigEndian(raw[Offsets.Length..]) != count
            || !raw.Slice(Offsets.Uuid, fork.Geometry.MetadataUuid.Length).SequenceEqual(fork.Geometry.MetadataUuid)
            || BinaryPrimitives.ReadUInt64BigEndian(raw[Offsets.Owner..]) != fork.Owner
            || BinaryPrimitives.ReadUInt64BigEndian(raw[Offsets.DiskBlock..]) != buffer.DiskBlock)
        {
            throw XfsErrors.Corrupt($"a block of an attribute value of inode {fork.Owner} carries another block's header.", buffer.Address);
        }
    }

    private static int? ChecksumOffset(XfsFork fork) => fork.Geometry.IsV5 ? Offsets.Checksum : null;

    private static int HeaderSize(XfsFork fork) => fork.Geometry.IsV5 ? Version5HeaderSize : 0;

    private static int Capacity(XfsFork fork) => fork.Geometry.BlockSize - HeaderSize(fork);

    private static int BlockCount(XfsFork fork, int length) => (length + Capacity(fork) - 1) / Capacity(fork);
}
