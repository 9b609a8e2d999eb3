namespace V2V.Engine.FileSystems.Ext;

/// <summary>dx_root_info: how a directory is hashed and how many levels of index nodes stand below its root.</summary>
internal readonly record struct ExtHashRootInfo(byte HashVersion, byte InfoLength, byte Levels, byte UnusedFlags)
{
    /// <summary>Behind "." and "..": twelve bytes each, the latter's record being longer than that.</summary>
    private const int Start = 24;

    private const int Size = 8;

    private static class Offsets
    {
        public const int HashVersion = 4;
        public const int InfoLength = 5;
        public const int Levels = 6;
        public const int UnusedFlags = 7;
    }

    /// <summary>Index levels below the root that the kernel accepts.</summary>
    public static int MaxLevels(ExtSuperblock superblock) => superblock.Incompat.HasFlag(ExtIncompatFeatures.LargeDir) ? 2 : 1;

    public static ExtHashRootInfo Parse(ReadOnlySpan<byte> root) => new(
        root[Start + Offsets.HashVersion], root[Start + Offsets.InfoLength], root[Start + Offsets.Levels], root[Start + Offsets.UnusedFlags]);

    public static void Write(Span<byte> root, byte hashVersion, int levels)
    {
        root.Slice(Start, Size).Clear();
        root[Start + Offsets.HashVersion] = hashVersion;
        root[Start + Offsets.InfoLength] = Size;
        root[Start + Offsets.Levels] = (byte)levels;
    }

    public void Check(ExtSuperblock superblock, uint inode, long offset)
    {
        if (InfoLength != Size || (UnusedFlags & 1) != 0 || Levels > MaxLevels(superblock))
        {
            throw ExtErrors.Corrupt($"the hash tree root of directory {inode} gives {Levels} levels and {InfoLength} bytes of information.", offset);
        }

        if (HashVersion > (byte)ExtHashVersion.Tea)
        {
            throw ExtErrors.Unsupported($"Directory {inode} uses hash version {HashVersion}, which V2V does not understand.");
        }
    }

    /// <summary>The version that names are hashed with: on some machines characters were unsigned when the file system was made.</summary>
    public ExtHashVersion Effective(ExtSuperblock superblock) =>
        (ExtHashVersion)(HashVersion + (superblock.IsHashUnsigned ? (byte)ExtHashVersion.LegacyUnsigned : 0));
}
