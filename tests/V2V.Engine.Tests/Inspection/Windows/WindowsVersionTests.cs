using V2V.Engine.Inspection;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Windows;

public sealed class WindowsVersionTests
{
    /// <summary>What the versions write into their registry, and what osinfo-db calls them.</summary>
    [Theory]
    [InlineData("Microsoft Windows XP", "5.1", "2600", null, "Microsoft Windows XP", "xp")]
    [InlineData("Microsoft Windows XP", "5.2", "3790", null, "Microsoft Windows XP", "xp")]
    [InlineData("Microsoft Windows Server 2003", "5.2", "3790", "Server", "Microsoft Windows Server 2003", "2k3")]
    [InlineData("Microsoft Windows Server 2003 R2", "5.2", "3790", "Server", "Microsoft Windows Server 2003 R2", "2k3r2")]
    [InlineData("Windows Vista (TM) Business", "6.0", "6002", "Client", "Windows Vista (TM) Business", "vista")]
    [InlineData("Windows Server (R) 2008 Standard", "6.0", "6003", "Server", "Windows Server (R) 2008 Standard", "2k8")]
    [InlineData("Windows 7 Ultimate", "6.1", "7601", "Client", "Windows 7 Ultimate", "7")]
    [InlineData("Windows Server 2008 R2 Standard", "6.1", "7601", "Server Core", "Windows Server 2008 R2 Standard", "2k8r2")]
    [InlineData("Windows 8 Pro", "6.2", "9200", "Client", "Windows 8 Pro", "8")]
    [InlineData("Windows Server 2012 Standard", "6.2", "9200", "Server", "Windows Server 2012 Standard", "2k12")]
    [InlineData("Windows 8.1 Pro", "6.3", "9600", "Client", "Windows 8.1 Pro", "8.1")]
    [InlineData("Windows Server 2012 R2 Standard", "6.3", "9600", "Server", "Windows Server 2012 R2 Standard", "2k12r2")]
    [InlineData("Windows 10 Enterprise LTSC 2019", "10.0", "17763", "Client", "Windows 10 Enterprise LTSC 2019", "10")]
    [InlineData("Windows 10 Pro", "10.0", "22000", "Client", "Windows 11 Pro", "11")]
    [InlineData("Windows 10 Enterprise", "10.0", "26100", "Client", "Windows 11 Enterprise", "11")]
    [InlineData("Windows Server 2016 Datacenter", "10.0", "14393", "Server Core", "Windows Server 2016 Datacenter", "2k16")]
    [InlineData("Windows Server Datacenter", "10.0", "17134", "Server Core", "Windows Server Datacenter", "2k16")]
    [InlineData("Windows Server 2019 Standard", "10.0", "17763", "Server", "Windows Server 2019 Standard", "2k19")]
    [InlineData("Windows Server Standard", "10.0", "19042", "Server Core", "Windows Server Standard", "2k19")]
    [InlineData("Windows Server 2022 Standard", "10.0", "20348", "Server", "Windows Server 2022 Standard", "2k22")]
    [InlineData("Windows Server 2025 Standard", "10.0", "26100", "Server", "Windows Server 2025 Standard", "2k25")]
    public void Every_version_is_known(string product, string version, string build, string? type, string expected, string id)
    {
        using var phony = PhonyWindows.Create(product, version, build, type);

        var guest = phony.Inspect();

        var system = guest.OperatingSystem;
        Assert.Equal((OperatingSystemFamily.Windows, "windows", expected, version), (system.Family, system.Distribution, system.ProductName, system.Version));
        Assert.Equal(version, $"{system.MajorVersion}.{system.MinorVersion}");
        Assert.Equal($"http://microsoft.com/win/{id}", system.LibosinfoId);
        Assert.Equal(("x86_64", "win-host"), (system.Architecture, system.HostName));
        Assert.Equal(build, guest.Windows!.BuildNumber.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(type is not (null or "Client"), guest.Windows.IsServer);
        Assert.Empty(GuestChecks.Run(guest, phony.Source));
    }

    /// <summary>Every id but the newest is in the database that the machine has.</summary>
    [Fact]
    public void The_ids_are_those_of_osinfo_db()
    {
        ExternalTool.Need("osinfo-query");
        var known = ExternalTool.Check("osinfo-query", "--fields=id", "os").Split('\n').Select(l => l.Trim()).ToHashSet();
        (int Major, int Minor, bool IsServer, int Build)[] versions =
        [
            (5, 1, false, 2600), (5, 2, true, 3790), (6, 0, false, 6002), (6, 0, true, 6002), (6, 1, false, 7601), (6, 1, true, 7601), (6, 2, false, 9200), (6, 2, true, 9200),
            (6, 3, false, 9600), (6, 3, true, 9600), (10, 0, false, 19045), (10, 0, false, 22631), (10, 0, true, 14393), (10, 0, true, 17763), (10, 0, true, 20348),
        ];
        foreach (var (major, minor, isServer, build) in versions)
        {
            var system = new OperatingSystemInfo
            {
                Family = OperatingSystemFamily.Windows,
                Distribution = "windows",
                ProductName = "Windows",
                Architecture = "x86_64",
                MajorVersion = major,
                MinorVersion = minor,
            };
            Assert.Contains(LibosinfoIds.Windows(system, isServer, build)!, known);
        }
    }

    [Theory]
    [InlineData("dword:00000001", false, false)]
    [InlineData("dword:00000000", true, false)]
    [InlineData("qword:0000000000000001", false, false)]
    [InlineData("hex(0):", true, false)]
    [InlineData("\"1\"", false, true)]
    [InlineData("hex(4):01", false, true)]
    [InlineData(null, true, false)]
    [Shows("ClockSettingUnknown")]
    public void The_clock_keeps_local_time_unless_the_registry_says_otherwise(string? value, bool isLocalTime, bool isDoubtful)
    {
        using var phony = PhonyWindows.Create();
        phony.WithSystem($"[ControlSet001\\Control\\TimeZoneInformation]\n{(value is null ? "" : $"\"RealTimeIsUniversal\"={value}")}");

        var guest = phony.Inspect();

        Assert.Equal(isLocalTime, guest.Windows!.ClockIsLocalTime);
        Assert.Equal(isDoubtful, guest.Concerns.Any(c => c.Id == "ClockSettingUnknown"));
    }

    [Fact]
    public void The_release_tells_updates_and_service_packs()
    {
        using var phony = PhonyWindows.Create("Windows 10 Pro", "10.0", "19045", "Client");
        phony.WithSoftware("[Microsoft\\Windows NT\\CurrentVersion]\n\"UBR\"=dword:00000fce\n\"DisplayVersion\"=\"22H2\"\n\"ReleaseId\"=\"2009\"\n\"EditionID\"=\"Professional\"");
        using var old = PhonyWindows.Create("Windows 7 Professional", "6.1", "7601", "Client");
        old.WithSoftware("[Microsoft\\Windows NT\\CurrentVersion]\n\"CSDVersion\"=\"Service Pack 1\"");

        Assert.Equal(("10.0.19045.4046 (22H2)", "Professional"), (phony.Inspect().OperatingSystem.Release, phony.Inspect().Windows!.Edition));
        Assert.Equal("6.1.7601 Service Pack 1", old.Inspect().OperatingSystem.Release);
    }
}
