using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Inspection;

/// <summary>A file system that holds the root of an operating system.</summary>
/// <param name="Volume">Where it is.</param>
/// <param name="System">What it is.</param>
internal sealed record OperatingSystemRoot(GuestVolume Volume, OperatingSystemInfo System)
{
    /// <summary>Another system mounts it: an old system that was kept, or a backup.</summary>
    public bool IsData { get; init; }

    /// <summary>The letter that a Windows has for its volume, where it is known.</summary>
    public char? DriveLetter { get; init; }

    /// <summary>Null for other systems.</summary>
    public WindowsInstallation? Windows { get; init; }

    /// <summary>"web01, Debian GNU/Linux 12 (bookworm), on disk 1, partition 2 (UUID=...)", "sql01, Windows Server 2016 Standard, on disk 1, partition 2 (C:)".</summary>
    public string Describe() =>
        (System.HostName is { } host ? host + ", " : "") + $"{System.ProductName}, on {Volume.Volume.DisplayName}"
        + (Windows is null ? Volume.Uuid is { } uuid ? $" (UUID={uuid})" : "" : DriveLetter is { } letter ? $" ({letter}:)" : "");
}
