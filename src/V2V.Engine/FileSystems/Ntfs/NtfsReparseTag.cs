namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>What a reparse point is for (MS-FSCC 2.1.2.1). An open set.</summary>
internal enum NtfsReparseTag : uint
{
    None = 0,

    /// <summary>A junction, or a folder where a volume is mounted.</summary>
    MountPoint = 0xA0000003,
    SymbolicLink = 0xA000000C,

    /// <summary>A symbolic link of the Windows Subsystem for Linux.</summary>
    LinuxSymbolicLink = 0xA000001D,
    Deduplicated = 0x80000013,

    /// <summary>Compressed by CompactOS or compact.exe /exe.</summary>
    Wof = 0x80000017,
}
