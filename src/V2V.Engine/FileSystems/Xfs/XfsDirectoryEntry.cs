namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A name in a directory.</summary>
/// <param name="Name">Its bytes.</param>
/// <param name="Inode">The inode that it stands for.</param>
/// <param name="FileType">XFS_DIR3_FT_*; 0 (unknown) where the file system does not keep types.</param>
internal readonly record struct XfsDirectoryEntry(byte[] Name, ulong Inode, byte FileType)
{
    public const byte DirectoryType = 2;

    public const int MaxNameLength = 255;

    public bool IsDotOrDotDot => Name is [(byte)'.'] or [(byte)'.', (byte)'.'];
}
