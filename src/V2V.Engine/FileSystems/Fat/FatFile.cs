namespace V2V.Engine.FileSystems.Fat;

/// <summary>A file or directory as it was found in its directory.</summary>
/// <param name="Name">The long name, or the short one when it has no other.</param>
/// <param name="ShortName">The eleven bytes of the short name, as Latin-1.</param>
/// <param name="Alias">The short name as text.</param>
/// <param name="Entry">What the entry says.</param>
/// <param name="Directory">First cluster of the directory that it is in; 0 for the root.</param>
/// <param name="FirstSlot">Number, in the directory, of the first entry that belongs to it.</param>
/// <param name="Slots">How many do; the last has the short name.</param>
/// <param name="Position">Where that one stands on the volume; 0 for the root directory, which has none.</param>
internal sealed record FatFile(
    string Name, string ShortName, string Alias, FatDirectoryEntry Entry, uint Directory, int FirstSlot, int Slots, long Position)
{
    /// <summary>Linux' number of the root directory (MSDOS_ROOT_INO); no other file has it.</summary>
    private const ulong RootId = 1;

    /// <summary>Linux shows this time for the root directory, which has none.</summary>
    private static readonly DateTimeOffset NoTime = DateTimeOffset.UnixEpoch;

    public static FatFile Root { get; } = new("", "", "", new FatDirectoryEntry { Attributes = FatAttributes.Directory }, 0, 0, 0, 0);

    public bool IsRoot => Position == 0;

    public bool IsDirectory => Entry.IsDirectory;

    /// <summary>The first cluster of a directory as <see cref="FatVolume.List"/> and ".." of its directories call it.</summary>
    public uint Cluster => Entry.FirstCluster;

    public ulong Id => IsRoot ? RootId : (ulong)Position / FatDirectoryEntry.Size;

    public GuestFileType Type => IsDirectory ? GuestFileType.Directory : GuestFileType.Regular;

    public DateTimeOffset Modified => IsRoot ? NoTime : FatTimestamp.Decode(Entry.ModifiedDate, Entry.ModifiedTime);
}
