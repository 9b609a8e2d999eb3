namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Flags of an attribute record.</summary>
[Flags]
internal enum NtfsAttributeFlags : ushort
{
    None = 0,

    /// <summary>Compressed with LZNT1; the other values of <see cref="CompressionMask"/> are not in use.</summary>
    Compressed = 0x1,
    CompressionMask = 0xFF,
    Encrypted = 0x4000,
    Sparse = 0x8000,
}
