namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Flags of an MFT record.</summary>
[Flags]
internal enum NtfsRecordFlags : ushort
{
    None = 0,
    InUse = 0x1,
    Directory = 0x2,

    /// <summary>A file in $Extend.</summary>
    Extended = 0x4,

    /// <summary>Has an index that is no directory.</summary>
    ViewIndex = 0x8,
}
