namespace V2V.Engine.FileSystems.Xfs;

/// <summary>Sizes and features of a file system that its structures depend on, from the superblock.</summary>
internal sealed record XfsGeometry
{
    /// <summary>Bytes in a file system block.</summary>
    public required int BlockSize { get; init; }

    /// <summary>File system blocks in a directory block, a power of two.</summary>
    public required int DirectoryBlocks { get; init; }

    /// <summary>Metadata with CRCs and owners (superblock version 5).</summary>
    public required bool IsV5 { get; init; }

    /// <summary>Directory entries carry the file type (ftype; always on v5, an option on v4).</summary>
    public required bool HasFileTypes { get; init; }

    /// <summary>Second version of the attribute fork's layout (attr2): the fork offset moves.</summary>
    public required bool HasAttr2 { get; init; }

    /// <summary>UUID that v5 blocks carry (sb_meta_uuid where that feature is on, else sb_uuid), 16 bytes as on disk.</summary>
    public required byte[] MetadataUuid { get; init; }

    public int DirectoryBlockSize => BlockSize * DirectoryBlocks;

    public static XfsGeometry Of(XfsSuperblock superblock) => new()
    {
        BlockSize = superblock.BlockSize,
        DirectoryBlocks = 1 << superblock.DirectoryBlockLog,
        IsV5 = superblock.IsV5,
        HasFileTypes = superblock.HasFileTypes,
        HasAttr2 = superblock.IsV5 || superblock.Features2.HasFlag(XfsFeatures2.Attr2),
        MetadataUuid = superblock.MetadataUuid,
    };
}
