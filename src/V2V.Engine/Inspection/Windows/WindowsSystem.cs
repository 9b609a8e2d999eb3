using V2V.Engine.Registry;

namespace V2V.Engine.Inspection.Windows;

/// <summary>What a Windows on a guest's disks says of itself. What the Windows steps of a conversion work from.</summary>
public sealed record WindowsSystem
{
    /// <summary>The directory that Windows calls %SystemRoot%, as spelled on the disk and without the drive: "/Windows", "/WINNT".</summary>
    public required string SystemRoot { get; init; }

    /// <summary>Its hives, over the guest's tree.</summary>
    public required GuestRegistry Registry { get; init; }

    /// <summary>"ControlSet001": the one that SYSTEM\Select\Current names.</summary>
    public required string ControlSet { get; init; }

    /// <summary>The control set that SYSTEM\Select\Default names, which the next start takes, where that is another one; else null.</summary>
    public string? OtherControlSet { get; init; }

    /// <summary>"Client", "Server", "Server Core", "Nano Server".</summary>
    public required string InstallationType { get; init; }

    /// <summary>"ServerStandard", "Professional"; empty on versions that do not tell (XP, 2003).</summary>
    public string Edition { get; init; } = "";

    /// <summary>Number of the build, such as 19045; 0 when it is not told.</summary>
    public required int BuildNumber { get; init; }

    public bool IsServer => InstallationType.Contains("Server", StringComparison.OrdinalIgnoreCase);

    /// <summary>True when SYSTEM has the key DriverDatabase (Windows 8 and later), by which devices are bound to drivers.</summary>
    public required bool HasDriverDatabase { get; init; }

    /// <summary>The hardware clock keeps local time, as Windows expects it unless RealTimeIsUniversal is set.</summary>
    public bool ClockIsLocalTime { get; init; } = true;

    /// <summary>The drive letters whose volumes are among the guest's, by letter.</summary>
    public IReadOnlyList<WindowsDrive> Drives { get; init; } = [];

    /// <summary>What the list of installed programs has, both views on 64-bit systems.</summary>
    public IReadOnlyList<InstalledApplication> Applications { get; init; } = [];

    /// <summary>The network adapters that Windows knows, also those that are no longer there.</summary>
    public IReadOnlyList<WindowsAdapter> Adapters { get; init; } = [];
}

/// <param name="Letter">Upper-case.</param>
/// <param name="Volume">The volume that has it.</param>
public sealed record WindowsDrive(char Letter, GuestVolume Volume);
