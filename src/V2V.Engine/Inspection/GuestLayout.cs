using V2V.Engine.Sources;

namespace V2V.Engine.Inspection;

/// <summary>What is known of every guest, also of one whose root file system cannot be opened.</summary>
/// <param name="Volumes">Every volume found on every disk.</param>
/// <param name="Firmware">How it boots.</param>
/// <param name="BootDiskIndex">Zero-based index of the disk that the firmware boots from.</param>
/// <param name="OperatingSystem">Null when it could not be found out.</param>
internal sealed record GuestLayout(
    IReadOnlyList<GuestVolume> Volumes, Firmware Firmware, int BootDiskIndex, OperatingSystemInfo? OperatingSystem)
{
    /// <summary>The system inside takes the hardware clock for local time; null when that is not known.</summary>
    public bool? ClockIsLocalTime { get; init; }

    /// <summary>The Windows inside loads its driver for AHCI controllers at every start.</summary>
    public bool DrivesSata { get; init; }
}
