namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// An inode of the root file system that an initramfs unpacks to. Hard links share one. Contents are known by length and checksum; only
/// those of small files that matter are kept.
/// </summary>
internal sealed class InitramfsNode(uint mode)
{
    public const uint TypeMask = 0xF000;
    public const uint RegularFile = 0x8000;
    public const uint Directory = 0x4000;
    public const uint SymbolicLink = 0xA000;
    public const uint CharacterDevice = 0x2000;
    public const uint BlockDevice = 0x6000;
    public const uint Fifo = 0x1000;
    public const uint Socket = 0xC000;

    /// <summary>Type and permission bits.</summary>
    public uint Mode { get; set; } = mode;

    public uint UserId { get; set; }

    public uint GroupId { get; set; }

    public ulong SpecialDevice { get; set; }

    public string? LinkTarget { get; init; }

    public long Length { get; set; }

    /// <summary>CRC-32C of the content.</summary>
    public uint Checksum { get; set; }

    /// <summary>True once a name was given to the file under which its content matters; cpio stores the content with the last of its names.</summary>
    public bool KeepsContent { get; set; }

    /// <summary>The content, if it is kept.</summary>
    public byte[]? Content { get; set; }

    /// <summary>The entries of a directory by name; null for everything else.</summary>
    public Dictionary<string, InitramfsNode>? Entries { get; } =
        (mode & TypeMask) == Directory ? new Dictionary<string, InitramfsNode>(StringComparer.Ordinal) : null;

    /// <summary>Number of directories above a directory.</summary>
    public int Depth { get; init; }

    public uint Type => Mode & TypeMask;

    public bool IsDirectory => Type == Directory;

    public bool IsRegular => Type == RegularFile;

    public bool IsSymbolicLink => Type == SymbolicLink;

    /// <summary>A node that can be changed without changing this one; a directory's is empty.</summary>
    public InitramfsNode Clone() => new(Mode)
    {
        UserId = UserId,
        GroupId = GroupId,
        SpecialDevice = SpecialDevice,
        LinkTarget = LinkTarget,
        Length = Length,
        Checksum = Checksum,
        KeepsContent = KeepsContent,
        Content = Content,
        Depth = Depth,
    };

    /// <summary>True when <paramref name="other"/> is what this was, contents of directories apart.</summary>
    public bool IsSameAs(InitramfsNode other) =>
        Mode == other.Mode && UserId == other.UserId && GroupId == other.GroupId && SpecialDevice == other.SpecialDevice
        && LinkTarget == other.LinkTarget && Length == other.Length && Checksum == other.Checksum;
}
