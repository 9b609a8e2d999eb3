namespace V2V.Engine.FileSystems.Xfs;

/// <summary>di_flags.</summary>
[Flags]
internal enum XfsInodeFlags : ushort
{
    None = 0,
    /// <summary>The file's blocks lie on the realtime device.</summary>
    Realtime = 0x1,
    Preallocated = 0x2,
    NewRealtimeBitmap = 0x4,
    Immutable = 0x8,
    AppendOnly = 0x10,
    Synchronous = 0x20,
    NoAccessTime = 0x40,
    NoDump = 0x80,
    RealtimeInherit = 0x100,
    ProjectInherit = 0x200,
    NoSymbolicLinks = 0x400,
    ExtentSize = 0x800,
    ExtentSizeInherit = 0x1000,
    NoDefragment = 0x2000,
    FileStream = 0x4000,
}

/// <summary>di_flags2, of version 3 inodes.</summary>
[Flags]
internal enum XfsInodeFlags2 : ulong
{
    None = 0,
    Dax = 0x1,
    /// <summary>Some of the file's blocks may be shared with others.</summary>
    Reflink = 0x2,
    CopyExtentSize = 0x4,
    BigTime = 0x8,
    LargeExtentCounts = 0x10,
}
