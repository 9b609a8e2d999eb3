using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// What every v5 header of a directory or attribute block says of the block's place, always in this order: its address, the log's
/// sequence number at its last write, the file system and the inode that it belongs to.
/// </summary>
internal static class XfsDaIdentity
{
    private static class Offsets
    {
        public const int DiskBlock = 0;
        public const int Uuid = 16;
        public const int Owner = 32;
    }

    /// <summary>Stamps a block; the sequence number stays (zero in a new block, which no log recovery takes for newer than a change of its own).</summary>
    public static void Write(XfsFork fork, XfsBuffer buffer, int at)
    {
        var raw = buffer.Data.AsSpan(at);
        BinaryPrimitives.WriteUInt64BigEndian(raw[Offsets.DiskBlock..], buffer.DiskBlock);
        fork.Geometry.MetadataUuid.CopyTo(raw[Offsets.Uuid..]);
        BinaryPrimitives.WriteUInt64BigEndian(raw[Offsets.Owner..], fork.Owner);
    }

    /// <exception cref="GuestFileSystemException">The block belongs somewhere else.</exception>
    public static void Verify(XfsFork fork, XfsBuffer buffer, int at)
    {
        var raw = buffer.Data.AsSpan(at);
        if (BinaryPrimitives.ReadUInt64BigEndian(raw[Offsets.DiskBlock..]) != buffer.DiskBlock
            || !raw.Slice(Offsets.Uuid, fork.Geometry.MetadataUuid.Length).SequenceEqual(fork.Geometry.MetadataUuid)
            || BinaryPrimitives.ReadUInt64BigEndian(raw[Offsets.Owner..]) != fork.Owner)
        {
            throw XfsErrors.Corrupt($"a block of inode {fork.Owner} carries another block's header.", buffer.Address);
        }
    }
}
