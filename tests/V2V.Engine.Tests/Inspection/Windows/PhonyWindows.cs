using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Guests.Phony;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Windows;

/// <summary>A Windows made of files in memory: enough of a Server 2016 that it is recognised, and whatever a test adds or takes away.</summary>
internal sealed class PhonyWindows : IDisposable
{
    public const string NetClass = "{4D36E972-E325-11CE-BFC1-08002BE10318}";

    private readonly Dictionary<Volume, GuestFileSystem> _fileSystems = [];

    private PhonyWindows()
    {
    }

    /// <summary>The system volume.</summary>
    public MemoryFileSystem C { get; } = new("ntfs", "01CA0000000000C2");

    public List<Volume> Volumes { get; } = [];

    public SourceGuest Source { get; set; } = new()
    {
        Name = "phony",
        SourceKind = "VMX",
        Path = "/vm/phony.vmx",
        Hypervisor = "VMware",
        Disks = [PhonyGuest.Disk(content: VolumeImages.With(4096, (0, [0x33, 0xC0]), (510, [0x55, 0xAA])))],
        NetworkAdapters = [new SourceNetworkAdapter("00:50:56:9a:19:b1", "vmxnet3", "LAN", PciSlot: 192)],
    };

    /// <summary>Disk 1: partition 1 is active and has the boot manager, partition 2 is C:.</summary>
    public static PhonyWindows Create(
        string product = "Windows Server 2016 Standard", string version = "10.0", string build = "14393", string? type = "Server", ushort machine = 0x8664)
    {
        var guest = new PhonyWindows();
        var boot = new MemoryFileSystem("ntfs", "01CA0000000000C1", "System").With("/bootmgr").With("/Boot/BCD");
        guest.Add(MemoryVolume.Partition(0, 1, VolumeImages.With(4096, (0, [0xEB, 0x58, 0x90]), (510, [0x55, 0xAA]))) with { IsActive = true, MbrType = 7 }, boot);
        guest.Add(MemoryVolume.Partition(0, 2) with { MbrType = 7 }, guest.C);
        AddWindows(guest.C, "/Windows", machine, product, version, build, type);
        return guest.WithSystem($@"[MountedDevices]
            ""\DosDevices\C:""=hex:d0,c0,d1,5a,00,00,20,00,00,00,00,00");
    }

    /// <summary>Puts a Windows on a volume.</summary>
    public static void AddWindows(MemoryFileSystem fileSystem, string root, ushort machine, string product, string version, string build, string? type)
    {
        fileSystem.With($"{root}/System32/cmd.exe", PhonyGuest.Pe(machine, "cmd")).With($"{root}/System32/ntoskrnl.exe", PhonyGuest.Pe(machine, "kernel"));
        PhonyHive.Write(fileSystem, $"{root}/System32/config/SYSTEM", $@"
            [Select]
            ""Current""=dword:00000001
            ""Default""=dword:00000001
            [ControlSet001\Services\Tcpip\Parameters]
            ""Hostname""=""win-host""
            [ControlSet001\Control\ProductOptions]
            ""ProductType""=""{(type is null ? "WinNT" : "ServerNT")}""");
        var numbers = version.Split('.').Select(n => Convert.ToInt32(n, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        PhonyHive.Write(fileSystem, $"{root}/System32/config/SOFTWARE", $@"
            [Microsoft\Windows NT\CurrentVersion]
            ""ProductName""=""{product}""
            ""CurrentVersion""=""{(numbers[0] >= 10 ? "6.3" : version)}""
            ""CurrentBuildNumber""=""{build}""
            {(type is null ? "" : $@"""InstallationType""=""{type}""")}
            {(numbers[0] >= 10 ? $@"""CurrentMajorVersionNumber""=dword:{numbers[0]:x8}" : "")}
            {(numbers[0] >= 10 ? $@"""CurrentMinorVersionNumber""=dword:{numbers[1]:x8}" : "")}");
    }

    public PhonyWindows Add(Volume volume, GuestFileSystem? fileSystem = null)
    {
        Volumes.Add(volume);
        if (fileSystem is not null)
        {
            _fileSystems[volume] = fileSystem;
        }

        return this;
    }

    /// <summary>Moves a volume to another disk.</summary>
    public void MoveToDisk(int index, int disk)
    {
        var volume = Volumes[index];
        Volumes[index] = volume with { DiskIndex = disk };
        if (_fileSystems.Remove(volume, out var fileSystem))
        {
            _fileSystems[Volumes[index]] = fileSystem;
        }
    }

    /// <summary>Adds to the hive SYSTEM.</summary>
    public PhonyWindows WithSystem(string text) => With("SYSTEM", text);

    /// <summary>Adds to the hive SOFTWARE.</summary>
    public PhonyWindows WithSoftware(string text) => With("SOFTWARE", text);

    public InspectedGuest Inspect(string? root = null) =>
        GuestInspector.Inspect(Source, Volumes, v => _fileSystems.GetValueOrDefault(v), root, TestContext.Current.CancellationToken);

    /// <summary>What is said before a conversion, by the words for scripts.</summary>
    public IReadOnlyList<Concern> Check(string? root = null) => GuestChecks.Run(Inspect(root), Source);

    public void Dispose()
    {
        foreach (var fileSystem in _fileSystems.Values)
        {
            fileSystem.Dispose();
        }
    }

    private PhonyWindows With(string hive, string text)
    {
        PhonyHive.Write(C, $"/Windows/System32/config/{hive}", text);
        return this;
    }
}
