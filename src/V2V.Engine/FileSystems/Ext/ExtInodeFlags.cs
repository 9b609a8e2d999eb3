namespace V2V.Engine.FileSystems.Ext;

/// <summary>i_flags.</summary>
[Flags]
internal enum ExtInodeFlags : uint
{
    None = 0,
    SecureDeletion = 0x1,
    Undelete = 0x2,
    Compress = 0x4,
    Synchronous = 0x8,
    Immutable = 0x10,
    AppendOnly = 0x20,
    NoDump = 0x40,
    NoAccessTime = 0x80,
    NoCompress = 0x400,
    Encrypt = 0x800,
    /// <summary>The directory has a hash tree.</summary>
    Index = 0x1000,
    JournalData = 0x4000,
    NoTail = 0x8000,
    DirectorySynchronous = 0x10000,
    TopDirectory = 0x20000,
    /// <summary>i_blocks counts file system blocks instead of sectors.</summary>
    HugeFile = 0x40000,
    Extents = 0x80000,
    Verity = 0x100000,
    EaInode = 0x200000,
    Dax = 0x2000000,
    InlineData = 0x10000000,
    ProjectInherit = 0x20000000,
    Casefold = 0x40000000,
}
