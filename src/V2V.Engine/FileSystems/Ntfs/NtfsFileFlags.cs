namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>FILE_ATTRIBUTE_* as $STANDARD_INFORMATION and $FILE_NAME hold them.</summary>
[Flags]
internal enum NtfsFileFlags : uint
{
    None = 0,
    ReadOnly = 0x1,
    Hidden = 0x2,
    System = 0x4,
    Archive = 0x20,
    Normal = 0x80,
    Temporary = 0x100,
    Sparse = 0x200,
    ReparsePoint = 0x400,
    Compressed = 0x800,
    Offline = 0x1000,
    NotContentIndexed = 0x2000,
    Encrypted = 0x4000,

    /// <summary>FILE_ATTRIBUTE_RECALL_ON_OPEN: Windows 10 marks files with it whose contents are not on the volume.</summary>
    RecallOnOpen = 0x40000,

    /// <summary>Only in $FILE_NAME: the file has an index named $I30, so it is a directory.</summary>
    Directory = 0x10000000,

    /// <summary>Only in $FILE_NAME: the file has an index that is no directory.</summary>
    ViewIndex = 0x20000000,

    /// <summary>What SetExtendedAttribute may change, as ntfs-3g allows it (FILE_ATTR_SETTABLE).</summary>
    Settable = ReadOnly | Hidden | System | Archive | Temporary | Offline | NotContentIndexed,
}
