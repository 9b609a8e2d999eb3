namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The records of the file system's own files.</summary>
internal static class NtfsSystemFile
{
    public const ulong Mft = 0;
    public const ulong MftMirror = 1;
    public const ulong LogFile = 2;
    public const ulong Volume = 3;
    public const ulong Root = 5;
    public const ulong Bitmap = 6;
    public const ulong BadClusters = 8;
    public const ulong Secure = 9;
    public const ulong UpCase = 10;
    public const ulong Extend = 11;

    /// <summary>Records from here on are free for $MFT's own extents (to 23), then for users' files.</summary>
    public const ulong FirstExtension = 16;

    public const ulong FirstUser = 24;
}
