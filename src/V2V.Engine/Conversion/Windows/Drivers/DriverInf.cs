namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>
/// What an INF file says about a driver, as Windows of one architecture reads it
/// (learn.microsoft.com, "Summary of INF Sections", "INF Manufacturer Section" for the decorations).
/// </summary>
public sealed record DriverInf
{
    /// <summary>Class: "SCSIAdapter", "Net".</summary>
    public string? ClassName { get; init; }

    public Guid? ClassGuid { get; init; }

    public string? Provider { get; init; }

    /// <summary>The first part of DriverVer.</summary>
    public DateOnly? Date { get; init; }

    /// <summary>The second part of DriverVer: "100.95.104.26200".</summary>
    public string? Version { get; init; }

    /// <summary>The catalogue that holds the signatures, the one for the architecture where there are several.</summary>
    public string? CatalogFile { get; init; }

    /// <summary>The devices it is for.</summary>
    public IReadOnlyList<DriverDevice> Devices { get; init; } = [];

    /// <summary>The services that it installs.</summary>
    public IReadOnlyList<DriverService> Services { get; init; } = [];

    /// <summary>Names of the files that an installation needs beside the INF file: those it copies, and its catalogue.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>The hardware and compatible ids of all its devices, in upper case: "PCI\VEN_1AF4&amp;DEV_1001".</summary>
    public IEnumerable<string> HardwareIds => Devices.SelectMany(d => d.HardwareIds).Distinct(StringComparer.Ordinal);

    /// <summary>The service that drives the device, in distinction from helpers that come along.</summary>
    public DriverService? FunctionService => Services.FirstOrDefault(s => s.IsFunction);
}

/// <param name="Description">As Device Manager shows it.</param>
/// <param name="HardwareIds">The hardware id and the compatible ids, in upper case.</param>
/// <param name="InstallSection">Name of the section that installs it, decorations left out.</param>
public sealed record DriverDevice(string Description, IReadOnlyList<string> HardwareIds, string InstallSection);

/// <summary>A service as an AddService directive describes it.</summary>
/// <param name="Name">The key's name below Services.</param>
/// <param name="IsFunction">It drives the device that the INF file is for (SPSVCINST_ASSOCSERVICE).</param>
/// <param name="BinaryName">File name of its program: "viostor.sys".</param>
public sealed record DriverService(string Name, bool IsFunction, string BinaryName)
{
    public string? DisplayName { get; init; }

    /// <summary>1 for a kernel driver, 0x10 for a program (SERVICE_KERNEL_DRIVER, SERVICE_WIN32_OWN_PROCESS).</summary>
    public uint ServiceType { get; init; } = 1;

    /// <summary>0 at boot, 1 by the system, 2 automatic, 3 on demand, 4 disabled.</summary>
    public uint StartType { get; init; } = 3;

    public uint ErrorControl { get; init; } = 1;

    public string? LoadOrderGroup { get; init; }
}
