namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A piece of metadata held in memory by the cache: one or more blocks that belong together.</summary>
internal sealed class XfsBuffer(long address, byte[] data, int? checksumOffset)
{
    /// <summary>Byte offset of its first block on the volume.</summary>
    public long Address { get; } = address;

    /// <summary>The first block's address in 512-byte units, as v5 headers hold it (blkno).</summary>
    public ulong DiskBlock => (ulong)Address >> 9;

    public byte[] Data { get; } = data;

    /// <summary>Where the CRC-32C stands on v5 file systems; null for blocks without one.</summary>
    public int? ChecksumOffset { get; } = checksumOffset;

    public bool IsDirty { get; private set; }

    public void MarkDirty() => IsDirty = true;

    public void MarkClean() => IsDirty = false;
}
