using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>Multiple mount protection (Documentation/filesystems/ext4/mmp.rst): a block says whether a machine uses the file system.</summary>
internal static class ExtMmp
{
    private const uint Magic = 0x004D4D50;

    /// <summary>mmp_seq of a file system that nobody uses.</summary>
    private const uint SequenceClean = 0xFF4D4D50;

    private const int SequenceOffset = 4;

    public static GuestFileSystemException? FindDoubts(ExtVolume volume)
    {
        var block = volume.Superblock.MmpBlock;
        if (block >= (ulong)volume.Superblock.BlocksCount)
        {
            return ExtErrors.Corrupt($"its multiple mount protection block {block} lies outside the volume.");
        }

        var data = volume.Cache.Read((long)block).AsSpan();
        if (BinaryPrimitives.ReadUInt32LittleEndian(data) != Magic)
        {
            return ExtErrors.Corrupt($"block {block} does not hold multiple mount protection.", (long)block * volume.BlockSize);
        }

        return BinaryPrimitives.ReadUInt32LittleEndian(data[SequenceOffset..]) == SequenceClean
            ? null
            : ExtErrors.NotClean("Multiple mount protection says that the ext file system is in use, or was not unmounted cleanly.");
    }
}
