namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The bits of sb_versionnum above the version number itself (version 4; version 5 keeps them set where they apply).</summary>
[Flags]
internal enum XfsVersionFlags : ushort
{
    None = 0,
    Attr = 0x0010,
    NLink = 0x0020,
    Quota = 0x0040,
    Align = 0x0080,
    DAlign = 0x0100,
    Shared = 0x0200,
    LogV2 = 0x0400,
    Sector = 0x0800,
    ExtentFlag = 0x1000,
    DirV2 = 0x2000,
    /// <summary>Names compare without regard to ASCII case (ascii-ci), which changes their hashes.</summary>
    CaseInsensitive = 0x4000,
    MoreBits = 0x8000,
}

/// <summary>sb_features2, valid with <see cref="XfsVersionFlags.MoreBits"/>.</summary>
[Flags]
internal enum XfsFeatures2 : uint
{
    None = 0,
    LazySbCount = 0x2,
    Attr2 = 0x8,
    Parent = 0x10,
    ProjectId32 = 0x80,
    Crc = 0x100,
    FileType = 0x200,
}

/// <summary>sb_features_ro_compat (version 5): a driver that does not know one of these may read but must not write.</summary>
[Flags]
internal enum XfsReadOnlyCompatFeatures : uint
{
    None = 0,
    /// <summary>A second B-tree of the inode chunks with free inodes.</summary>
    FreeInodeBTree = 0x1,
    ReverseMap = 0x2,
    Reflink = 0x4,
    /// <summary>The AGI counts the blocks of both inode B-trees.</summary>
    InodeBTreeCounts = 0x8,
}

/// <summary>sb_features_incompat (version 5): a driver that does not know one of these must not touch the file system at all.</summary>
[Flags]
internal enum XfsIncompatFeatures : uint
{
    None = 0,
    FileType = 0x1,
    SparseInodes = 0x2,
    /// <summary>Metadata carries sb_meta_uuid, since the file system's own UUID was changed.</summary>
    MetaUuid = 0x4,
    BigTime = 0x8,
    NeedsRepair = 0x10,
    LargeExtentCounts = 0x20,
    /// <summary>Two files may exchange their extents atomically; changes only what the log may hold.</summary>
    ExchangeRange = 0x40,
    /// <summary>Every inode carries its parents' names in attributes.</summary>
    ParentPointers = 0x80,
    MetadataDirectory = 0x100,
    Zoned = 0x200,
    ZoneGaps = 0x400,
}

/// <summary>What this implementation understands. With any other incompatible bit a file system is not read, with any other bit not written.</summary>
internal static class XfsSupport
{
    public const XfsVersionFlags ReadableVersion =
        XfsVersionFlags.Attr | XfsVersionFlags.NLink | XfsVersionFlags.Quota | XfsVersionFlags.Align | XfsVersionFlags.DAlign
        | XfsVersionFlags.LogV2 | XfsVersionFlags.Sector | XfsVersionFlags.ExtentFlag | XfsVersionFlags.DirV2 | XfsVersionFlags.MoreBits;

    public const XfsFeatures2 ReadableFeatures2 =
        XfsFeatures2.LazySbCount | XfsFeatures2.Attr2 | XfsFeatures2.ProjectId32 | XfsFeatures2.Crc | XfsFeatures2.FileType;

    public const XfsIncompatFeatures Readable =
        XfsIncompatFeatures.FileType | XfsIncompatFeatures.SparseInodes | XfsIncompatFeatures.MetaUuid | XfsIncompatFeatures.BigTime
        | XfsIncompatFeatures.NeedsRepair | XfsIncompatFeatures.LargeExtentCounts | XfsIncompatFeatures.ExchangeRange
        | XfsIncompatFeatures.ParentPointers;

    /// <summary>Of <see cref="Readable"/>, those with which a file system can be written as well.</summary>
    public const XfsIncompatFeatures Writable = Readable & ~XfsIncompatFeatures.NeedsRepair & ~XfsIncompatFeatures.ParentPointers;

    public const XfsReadOnlyCompatFeatures WritableReadOnlyCompat =
        XfsReadOnlyCompatFeatures.FreeInodeBTree | XfsReadOnlyCompatFeatures.ReverseMap | XfsReadOnlyCompatFeatures.Reflink
        | XfsReadOnlyCompatFeatures.InodeBTreeCounts;

    /// <summary>The names of feature bits for a message; bits without a name are shown as numbers.</summary>
    public static string Describe<T>(T features) where T : struct, Enum => features.ToString("F");
}
