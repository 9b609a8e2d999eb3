namespace V2V.Engine.FileSystems;

/// <summary>The two encodings of a file's type: the upper bits of the mode (i_mode, di_mode), and the byte in directory entries.</summary>
internal static class LinuxFileTypes
{
    public const int TypeMask = 0xF000;

    /// <summary>The mode's type bits and the directory entry's byte, in the order of <see cref="GuestFileType"/>.</summary>
    private static readonly (ushort Mode, byte Entry)[] s_codes =
    [
        (0x8000, 1), // Regular
        (0x4000, 2), // Directory
        (0xA000, 7), // SymbolicLink
        (0x2000, 3), // CharacterDevice
        (0x6000, 4), // BlockDevice
        (0x1000, 5), // Fifo
        (0xC000, 6), // Socket
    ];

    public static GuestFileType? FromMode(ushort mode) => Find(c => c.Mode == (mode & TypeMask));

    public static GuestFileType? FromEntry(byte type) => Find(c => c.Entry == type);

    public static ushort ToMode(GuestFileType type) => s_codes[(int)type].Mode;

    public static byte ToEntry(GuestFileType type) => s_codes[(int)type].Entry;

    private static GuestFileType? Find(Predicate<(ushort Mode, byte Entry)> match)
    {
        var index = Array.FindIndex(s_codes, match);
        return index < 0 ? null : (GuestFileType)index;
    }
}
