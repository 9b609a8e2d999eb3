using V2V.Engine.Conversion;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Libvirt;

namespace V2V.Engine.Tests.Targets;

/// <summary>A converted Debian guest as the pipeline describes it to its target.</summary>
internal static class SampleDomain
{
    public static OperatingSystemInfo Debian { get; } = new()
    {
        Family = OperatingSystemFamily.Linux,
        Distribution = "debian",
        ProductName = "Debian GNU/Linux 12 (bookworm)",
        Architecture = "x86_64",
        LibosinfoId = "http://debian.org/debian/12",
    };

    public static OperatingSystemInfo Windows { get; } = new()
    {
        Family = OperatingSystemFamily.Windows,
        Distribution = "windows",
        ProductName = "Windows Server 2022",
        Architecture = "x86_64",
        LibosinfoId = "http://microsoft.com/win/2k22",
    };

    public static SourceGuest Source { get; } = new()
    {
        Name = "web",
        SourceKind = "VMX",
        Path = "/src/web.vmx",
        CpuCount = 4,
        CpuTopology = new CpuTopology(2, 2),
        MemoryMiB = 1536,
        Firmware = Firmware.Bios,
    };

    public static DomainDescription Create(
        Action<TargetHardware>? hardware = null, Func<SourceGuest, SourceGuest>? source = null, int disks = 1, string name = "web")
    {
        var machine = new TargetHardware();
        hardware?.Invoke(machine);
        return new DomainDescription
        {
            Name = name,
            Source = source?.Invoke(Source) ?? Source,
            Hardware = machine,
            OperatingSystem = Debian,
            Disks = [.. Enumerable.Range(0, disks).Select(i => new DomainDiskSource(ImageFormat.Qcow2, $"/images/web-{i}.qcow2"))],
            Networks = [new DomainNetwork(false, "default", "52:54:00:00:00:01"), new DomainNetwork(true, "br0", "52:54:00:00:00:02")],
        };
    }

    /// <summary>The domain that the target's host can run, as the pipeline has it defined.</summary>
    public static DomainDescription FitTo(this DomainDescription domain, ConversionTarget target) =>
        TargetHost.Fit(domain, target.CapabilitiesFor(DomainXml.Architecture(domain), domain.Hardware.Machine), []);
}
