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
}
