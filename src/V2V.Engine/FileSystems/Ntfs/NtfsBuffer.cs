namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>A piece of metadata held in memory by the cache. <see cref="NtfsBufferCache.Change"/> is called before its data is changed.</summary>
/// <param name="parts">Where it lies on the volume; more than one range when its clusters are scattered.</param>
/// <param name="data">Its contents, with the protected bytes of an update sequence array in their places.</param>
/// <param name="isProtected">True when it is a record with an update sequence array.</param>
internal sealed class NtfsBuffer(ByteRange[] parts, byte[] data, bool isProtected)
{
    public ByteRange[] Parts { get; } = parts;

    /// <summary>Byte offset of its first part on the volume.</summary>
    public long Address => Parts[0].Offset;

    public byte[] Data { get; } = data;

    public bool IsProtected { get; } = isProtected;

    /// <summary>Where a second copy of it is kept (an MFT record in $MFTMirr); null for almost everything.</summary>
    public long? MirrorAddress { get; set; }

    public bool IsDirty { get; set; }

    public uint LastUse { get; set; }

    public NtfsBuffer Copy() => new(Parts, (byte[])Data.Clone(), IsProtected) { MirrorAddress = MirrorAddress, IsDirty = IsDirty };
}
