namespace V2V.Engine.FileSystems.Ext;

/// <summary>s_feature_compat: a driver that does not know one of these may still read and write.</summary>
[Flags]
internal enum ExtCompatFeatures : uint
{
    None = 0,
    DirPrealloc = 0x1,
    ImagicInodes = 0x2,
    HasJournal = 0x4,
    ExtAttr = 0x8,
    ResizeInode = 0x10,
    DirIndex = 0x20,
    LazyBg = 0x40,
    ExcludeInode = 0x80,
    ExcludeBitmap = 0x100,
    SparseSuper2 = 0x200,
    FastCommit = 0x400,
    StableInodes = 0x800,
    OrphanFile = 0x1000,
}

/// <summary>s_feature_incompat: a driver that does not know one of these must not touch the file system at all.</summary>
[Flags]
internal enum ExtIncompatFeatures : uint
{
    None = 0,
    Compression = 0x1,
    FileType = 0x2,
    /// <summary>The journal must be replayed.</summary>
    Recover = 0x4,
    JournalDevice = 0x8,
    MetaBg = 0x10,
    Extents = 0x40,
    Bit64 = 0x80,
    Mmp = 0x100,
    FlexBg = 0x200,
    /// <summary>Large extended attribute values live in inodes of their own.</summary>
    EaInode = 0x400,
    DirData = 0x1000,
    /// <summary>The checksum seed stands in the superblock instead of being derived from the UUID.</summary>
    ChecksumSeed = 0x2000,
    LargeDir = 0x4000,
    InlineData = 0x8000,
    Encrypt = 0x10000,
    Casefold = 0x20000,
}

/// <summary>s_feature_ro_compat: a driver that does not know one of these may read but must not write.</summary>
[Flags]
internal enum ExtReadOnlyCompatFeatures : uint
{
    None = 0,
    SparseSuper = 0x1,
    LargeFile = 0x2,
    BtreeDir = 0x4,
    HugeFile = 0x8,
    /// <summary>Group descriptors carry a CRC-16 and groups may be uninitialised (uninit_bg).</summary>
    GdtChecksum = 0x10,
    DirNlink = 0x20,
    ExtraIsize = 0x40,
    HasSnapshot = 0x80,
    Quota = 0x100,
    Bigalloc = 0x200,
    /// <summary>Everything carries a CRC-32C.</summary>
    MetadataChecksum = 0x400,
    Replica = 0x800,
    ReadOnly = 0x1000,
    Project = 0x2000,
    SharedBlocks = 0x4000,
    Verity = 0x8000,
    /// <summary>The orphan file may hold entries.</summary>
    OrphanPresent = 0x10000,
}

/// <summary>What this implementation understands. A file system with any other incompat bit is not read, with any other ro_compat bit not written.</summary>
internal static class ExtSupport
{
    public const ExtIncompatFeatures Readable =
        ExtIncompatFeatures.FileType | ExtIncompatFeatures.Recover | ExtIncompatFeatures.MetaBg | ExtIncompatFeatures.Extents
        | ExtIncompatFeatures.Bit64 | ExtIncompatFeatures.Mmp | ExtIncompatFeatures.FlexBg | ExtIncompatFeatures.EaInode
        | ExtIncompatFeatures.ChecksumSeed | ExtIncompatFeatures.LargeDir | ExtIncompatFeatures.InlineData
        | ExtIncompatFeatures.Encrypt | ExtIncompatFeatures.Casefold;

    public const ExtReadOnlyCompatFeatures Writable =
        ExtReadOnlyCompatFeatures.SparseSuper | ExtReadOnlyCompatFeatures.LargeFile | ExtReadOnlyCompatFeatures.BtreeDir
        | ExtReadOnlyCompatFeatures.HugeFile | ExtReadOnlyCompatFeatures.GdtChecksum | ExtReadOnlyCompatFeatures.DirNlink
        | ExtReadOnlyCompatFeatures.ExtraIsize | ExtReadOnlyCompatFeatures.MetadataChecksum | ExtReadOnlyCompatFeatures.Project
        | ExtReadOnlyCompatFeatures.Verity | ExtReadOnlyCompatFeatures.OrphanPresent;

    /// <summary>What ext3's driver knows; anything beyond makes blkid and mount call it ext4.</summary>
    public const ExtIncompatFeatures Ext3Incompat = ExtIncompatFeatures.FileType | ExtIncompatFeatures.Recover | ExtIncompatFeatures.MetaBg;

    public const ExtReadOnlyCompatFeatures Ext3ReadOnlyCompat =
        ExtReadOnlyCompatFeatures.SparseSuper | ExtReadOnlyCompatFeatures.LargeFile | ExtReadOnlyCompatFeatures.BtreeDir;

    /// <summary>The names of feature bits for a message; bits without a name are shown as numbers.</summary>
    public static string Describe<T>(T features) where T : struct, Enum => features.ToString("F");
}
