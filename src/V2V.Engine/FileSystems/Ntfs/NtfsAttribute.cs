namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>An attribute of a file as a whole, wherever its extents stand. Changed in memory; the file's layout writes it.</summary>
internal sealed class NtfsAttribute(NtfsAttributeType type, string name)
{
    private long _dataSize;

    public NtfsAttributeType Type { get; } = type;

    public string Name { get; } = name;

    public NtfsAttributeFlags Flags { get; set; }

    public byte ResidentFlags { get; set; }

    /// <summary>The contents of a resident attribute; null for the others.</summary>
    public byte[]? Value { get; set; }

    /// <summary>The clusters of a non-resident attribute; null for the others.</summary>
    public NtfsRunList? Runs { get; set; }

    public bool IsResident => Value is not null;

    /// <summary>Bytes of the attribute's clusters, holes among them.</summary>
    public long AllocatedSize { get; set; }

    /// <summary>Bytes of its contents.</summary>
    public long DataSize
    {
        get => Value?.Length ?? _dataSize;
        set => _dataSize = value;
    }

    /// <summary>Bytes up to which the contents were ever written; zeros follow.</summary>
    public long InitializedSize { get; set; }

    /// <summary>Bytes that it takes on the volume, if it is sparse or compressed.</summary>
    public long CompressedSize { get; set; }

    /// <summary>Binary logarithm of the clusters that are compressed together, or 0.</summary>
    public byte CompressionUnit { get; set; }

    public bool IsCompressed => (Flags & NtfsAttributeFlags.CompressionMask) != 0;

    public bool IsSparse => Flags.HasFlag(NtfsAttributeFlags.Sparse);

    public bool IsEncrypted => Flags.HasFlag(NtfsAttributeFlags.Encrypted);

    public bool HasCompressedSize => IsCompressed || IsSparse;

    /// <summary>Where it stands: one extent, or several of a long run list.</summary>
    public List<NtfsExtentHome> Homes { get; set; } = [];

    /// <summary>Bytes that it takes on the volume, beyond its MFT records.</summary>
    public long SpaceOnVolume => IsResident ? 0 : HasCompressedSize ? CompressedSize : AllocatedSize;
}

/// <summary>Where an extent of an attribute stands.</summary>
/// <param name="Record">Number of its MFT record.</param>
/// <param name="Instance">What tells the attributes of a record apart.</param>
/// <param name="LowestVcn">The extent's first cluster.</param>
internal readonly record struct NtfsExtentHome(ulong Record, ushort Instance, long LowestVcn);
