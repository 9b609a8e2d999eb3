namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>
/// Flags of the volume. Those that are not here are notes of Windows 8 and later to itself: where and how often chkdsk ran, and more of the
/// volume's persistent state.
/// </summary>
[Flags]
internal enum NtfsVolumeFlags : ushort
{
    None = 0,
    Dirty = 0x1,
    ResizeLogFile = 0x2,
    UpgradeOnMount = 0x4,
    MountedOnNt4 = 0x8,
    DeleteUsnUnderway = 0x10,
    RepairObjectIds = 0x20,

    /// <summary>Windows found damage that it stopped for.</summary>
    Corrupt = 0x40,

    /// <summary>No 8.3 names are made: format sets it on every data volume since Windows 8.</summary>
    ShortNamesDisabled = 0x80,

    /// <summary>Windows wants chkdsk to look at everything.</summary>
    FullCheckNeeded = 0x100,
}

/// <summary>$VOLUME_INFORMATION: version and flags.</summary>
/// <param name="Major">1 before Windows 2000, 3 since.</param>
/// <param name="Minor">3.1 came with Windows XP.</param>
/// <param name="Flags">The volume's state.</param>
internal sealed record NtfsVolumeInformation(byte Major, byte Minor, NtfsVolumeFlags Flags)
{
    private const int Size = 12;
    private const int MajorOffset = 8;
    private const int MinorOffset = 9;
    private const int FlagsOffset = 10;

    /// <summary>NTFS 3.0 (Windows 2000): sparse files, reparse points, descriptors in $Secure.</summary>
    public bool Is30 => Major >= 3;

    /// <summary>NTFS 3.1 (Windows XP): MFT records hold their number.</summary>
    public bool Is31 => Major > 3 || (Major == 3 && Minor >= 1);

    /// <summary>Names that are not 8.3 themselves get such a one beside them.</summary>
    public bool HasShortNames => !Flags.HasFlag(NtfsVolumeFlags.ShortNamesDisabled);

    public static NtfsVolumeInformation Parse(ReadOnlySpan<byte> value) => value.Length >= Size
        ? new NtfsVolumeInformation(value[MajorOffset], value[MinorOffset], (NtfsVolumeFlags)value.U16(FlagsOffset))
        : throw NtfsErrors.Corrupt($"$VOLUME_INFORMATION has only {value.Length} bytes.");
}
