using V2V.Engine.Conversion;
using V2V.Engine.Conversion.AsIs;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Overlay;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.Guests.Phony;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Windows;

/// <summary>The phony Windows on a volume that mkntfs made and ntfs-3g has written: what is found there, and what is refused.</summary>
public sealed class WindowsOnNtfsTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private string Disk => _folder["disk.raw"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_Windows_is_found_and_read()
    {
        Build();

        Use(guest =>
        {
            Assert.Equal("Windows Server 2016 Standard", guest.OperatingSystem.ProductName);
            Assert.Equal(("/Windows", "ControlSet001"), (guest.Windows!.SystemRoot, guest.Windows.ControlSet));
            Assert.True(guest.Root.FileExists("/C:/WINDOWS/system32/cmd.exe"));
            return 0;
        });
        Assert.DoesNotContain(Check(), c => c.Severity == ConcernSeverity.Critical);
    }

    /// <summary>ntfsfix marks a volume so that Windows checks it at its next start.</summary>
    [Fact]
    [Shows("FileSystemNotClean")]
    public void A_dirty_volume_is_refused_with_the_way_out()
    {
        Build();
        ExternalTool.Need("ntfsfix");
        ExternalTool.Check("ntfsfix", Disk);

        var concern = Assert.Single(Check(), c => c.Severity == ConcernSeverity.Critical);

        Assert.Equal("FileSystemNotClean", concern.Id);
        Assert.StartsWith("The system volume (disk 1) cannot be changed: The NTFS volume is marked as dirty", concern.Message, StringComparison.Ordinal);
        Assert.NotNull(concern.Advice);
    }

    /// <summary>ntfs-3g refuses to write there, for the same reason.</summary>
    [Fact]
    public void A_hibernated_volume_is_refused_once()
    {
        Build(guest => guest.C.With("/hiberfil.sys", "hibr".PadRight(8192, '\0')));

        var concern = Assert.Single(Check(), c => c.Severity == ConcernSeverity.Critical);

        Assert.Equal("GuestHibernated", concern.Id);
    }

    [Fact]
    public void As_it_is_a_guest_keeps_its_clock_and_starts_from_the_controller_that_it_has_a_driver_for()
    {
        Build(guest => guest.WithSystem(
            "[ControlSet001\\Services\\storahci]\n\"Start\"=dword:00000000\n[ControlSet001\\Control\\TimeZoneInformation]\n\"RealTimeIsUniversal\"=dword:00000001"));

        var hardware = new TargetHardware();
        var concerns = AsIsConversion.Run(Source(), Survey(), hardware);

        Assert.Equal((DiskBus.Sata, false), (hardware.DiskBus, hardware.ClockIsLocalTime));
        Assert.DoesNotContain(concerns, c => c.Severity == ConcernSeverity.Critical);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[ControlSet001\\Services\\storahci]\n\"Start\"=dword:00000003")]
    [InlineData("[ControlSet001\\Services\\storahci]\n\"Start\"=dword:00000000\n[ControlSet001\\Services\\storahci\\StartOverride]\n\"0\"=dword:00000003")]
    [Shows("NoKnownHardware")]
    public void As_it_is_a_guest_without_a_known_driver_is_refused(string registry)
    {
        Build(guest => guest.WithSystem(registry));

        var hardware = new TargetHardware();
        Assert.Equal(["NoKnownHardware"], AsIsConversion.Run(Source(), Survey(), hardware).Select(c => c.Id));
    }

    /// <summary>The hives that tests are built on are hives to others too.</summary>
    [Fact]
    public void Hivex_reads_the_hives_that_are_made_from_text()
    {
        ExternalTool.Need("hivexml");
        using var phony = PhonyWindows.Create();
        File.WriteAllBytes(Disk, phony.C.ReadAllBytes("/Windows/System32/config/SYSTEM"));

        var xml = ExternalTool.Check("hivexml", Disk);

        Assert.Contains("ControlSet001", xml);
        Assert.Contains("win-host", xml);
        File.WriteAllBytes(Disk, PhonyHive.Empty("ROOT"));
        Assert.Contains("name=\"ROOT\"", ExternalTool.Check("hivexml", Disk));
    }

    /// <summary>A disk that is one NTFS volume, with the files of the phony Windows.</summary>
    private void Build(Action<PhonyWindows>? change = null)
    {
        ExternalTool.Need("mkntfs", "ntfs-3g");
        using var phony = PhonyWindows.Create();
        change?.Invoke(phony);
        using (var disk = File.Create(Disk))
        {
            disk.SetLength(320 << 20);
        }

        ExternalTool.Check("mkntfs", "-q", "-Q", "-F", "-p", "0", "-H", "255", "-S", "63", Disk);
        var mountPoint = Directory.CreateDirectory(_folder["mounted"]).FullName;
        ExternalTool.Check("mount", "-t", "ntfs-3g", "-o", "loop", Disk, mountPoint);
        foreach (var (path, content) in phony.C.Files())
        {
            Directory.CreateDirectory(Path.GetDirectoryName(mountPoint + path)!);
            File.WriteAllBytes(mountPoint + path, content);
        }

        Mounts.Remove(mountPoint);
        Mounts.WaitForLoopDevices(Disk);
    }

    private SourceGuest Source() => new()
    {
        Name = "phony",
        SourceKind = "Disk",
        Path = Disk,
        Disks = [new SourceDisk { Path = Disk, Format = "raw", Capacity = new FileInfo(Disk).Length, Controller = DiskController.Scsi, ControllerModel = "lsilogic", Open = () => DiskImages.Open(Disk, new DiskOpenOptions { Format = "raw" }) }],
    };

    private T Use<T>(Func<InspectedGuest, T> use)
    {
        using var overlay = new OverlayDisk(Source().Disks[0].Open());
        var guest = GuestInspector.Inspect(Source(), GuestVolumes.Discover([overlay]), null, TestContext.Current.CancellationToken);
        try
        {
            return use(guest);
        }
        finally
        {
            guest.Volumes.ToList().ForEach(v => v.FileSystem?.Dispose());
        }
    }

    private IReadOnlyList<Concern> Check() => Use(guest => GuestChecks.Run(guest, Source()));

    private GuestLayout Survey()
    {
        using var overlay = new OverlayDisk(Source().Disks[0].Open());
        var layout = GuestInspector.Survey(Source(), GuestVolumes.Discover([overlay]), null, TestContext.Current.CancellationToken);
        layout.Volumes.ToList().ForEach(v => v.FileSystem?.Dispose());
        return layout with { Volumes = [] };
    }
}
