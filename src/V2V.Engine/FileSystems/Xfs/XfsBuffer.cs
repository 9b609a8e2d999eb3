using System.Buffers.Binary;
using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// A piece of metadata held in memory by the cache: one or more blocks that belong together. <see cref="MarkDirty"/> may be called before or
/// after <see cref="Data"/> is changed.
/// </summary>
internal sealed class XfsBuffer(long address, byte[] data, int? checksumOffset)
{
    /// <summary>Byte offset of its first block on the volume.</summary>
    public long Address { get; } = address;

    /// <summary>The first block's address in 512-byte units, as v5 headers hold it (blkno).</summary>
    public ulong DiskBlock => (ulong)Address >> 9;

    public byte[] Data { get; } = data;

    /// <summary>Where the CRC-32C stands on v5 file systems; null for blocks without one.</summary>
    public int? ChecksumOffset { get; } = checksumOffset;

    /// <summary>Where its parts lie, when it is a directory block whose file system blocks are scattered; null when it is in one piece.</summary>
    public IReadOnlyList<ByteRange>? Parts { get; init; }

    public bool IsDirty { get; private set; }

    public void MarkDirty() => IsDirty = true;

    public void MarkClean() => IsDirty = false;

    /// <summary>The CRC-32C of a structure, its own field taken as zeros.</summary>
    public static uint ComputeChecksum(ReadOnlySpan<byte> data, int checksumOffset)
    {
        var crc = Crc32C.Append(uint.MaxValue, data[..checksumOffset]);
        crc = Crc32C.Append(crc, 0u);
        return ~Crc32C.Append(crc, data[(checksumOffset + sizeof(uint))..]);
    }

    public static bool HasValidChecksum(ReadOnlySpan<byte> data, int checksumOffset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(data[checksumOffset..]) == ComputeChecksum(data, checksumOffset);

    public static void StoreChecksum(Span<byte> data, int checksumOffset) =>
        BinaryPrimitives.WriteUInt32LittleEndian(data[checksumOffset..], ComputeChecksum(data, checksumOffset));
}
