using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Windows;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Registry;
using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Inspection;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows;

/// <param name="Name">"2016".</param>
/// <param name="Product">ProductName.</param>
/// <param name="Major">NT's version.</param>
/// <param name="Minor">The number behind it.</param>
/// <param name="Build">CurrentBuildNumber.</param>
/// <param name="Type">InstallationType; null for versions that do not tell.</param>
/// <param name="Drivers">virtio-win's directory for it.</param>
internal sealed record WindowsRelease(string Name, string Product, uint Major, uint Minor, int Build, string? Type, string Drivers)
{
    public static IReadOnlyList<WindowsRelease> All { get; } =
    [
        new("xp", "Microsoft Windows XP", 5, 1, 2600, null, "xp"),
        new("2003", "Microsoft Windows Server 2003", 5, 2, 3790, null, "2k3"),
        new("2008", "Windows Server (R) 2008 Standard", 6, 0, 6002, "Server", "2k8"),
        new("7", "Windows 7 Professional", 6, 1, 7601, "Client", "w7"),
        new("2008R2", "Windows Server 2008 R2 Standard", 6, 1, 7601, "Server", "2k8R2"),
        new("8", "Windows 8 Pro", 6, 2, 9200, "Client", "w8"),
        new("2012", "Windows Server 2012 Standard", 6, 2, 9200, "Server", "2k12"),
        new("2012R2", "Windows Server 2012 R2 Standard", 6, 3, 9600, "Server", "2k12R2"),
        new("10", "Windows 10 Pro", 10, 0, 19045, "Client", "w10"),
        new("2016", "Windows Server 2016 Standard", 10, 0, 14393, "Server", "2k16"),
        new("2019", "Windows Server 2019 Standard", 10, 0, 17763, "Server", "2k19"),
        new("2022", "Windows Server 2022 Standard", 10, 0, 20348, "Server", "2k22"),
        new("11", "Windows 10 Pro", 10, 0, 22631, "Client", "w11"),
        new("2025", "Windows Server 2025 Standard", 10, 0, 26100, "Server", "2k25"),
    ];

    public bool HasDriverDatabase => Major > 6 || (Major == 6 && Minor >= 2);

    public static WindowsRelease Of(string name) => All.First(r => r.Name == name);
}

/// <summary>A Windows made of files in memory: a volume with hives, the programs that inspection looks at, and whatever a test adds.</summary>
internal sealed class WindowsGuest : IDisposable
{
    private const string Config = "/Windows/System32/config";

    private const string VersionKey = @"Microsoft\Windows NT\CurrentVersion";

    private readonly Dictionary<Volume, GuestFileSystem> _fileSystems = [];

    private WindowsGuest(WindowsRelease release, bool is32Bit)
    {
        Release = release;
        Machine = is32Bit ? (ushort)0x14C : (ushort)0x8664;
        Add(MemoryVolume.Partition(0, 1), Root);
        foreach (var directory in (ReadOnlySpan<string>)["/Windows", "/Windows/System32", Config, "/Windows/System32/drivers", "/Windows/inf", "/Program Files", "/Program Files/Common Files"])
        {
            Root.WithDirectory(directory);
        }

        Root.WriteAllBytes("/Windows/System32/cmd.exe", PhonyGuest.Pe(Machine, "cmd"));
        Root.WriteAllBytes("/Windows/System32/ntoskrnl.exe", PhonyGuest.Pe(Machine, "kernel"));
        foreach (var driver in (ReadOnlySpan<string>)["disk", "partmgr", "atapi", "intelide", "pciide", release.Major < 6 ? "scsiport" : release.HasDriverDatabase ? "storahci" : "msahci"])
        {
            Root.WriteAllBytes($"/Windows/System32/drivers/{driver}.sys", PhonyGuest.Pe(Machine, driver));
        }

        Root.WriteAllBytes(Config + "/SYSTEM", EmptyHive.Create());
        Root.WriteAllBytes(Config + "/SOFTWARE", EmptyHive.Create());
    }

    public WindowsRelease Release { get; }

    public ushort Machine { get; }

    public MemoryFileSystem Root { get; } = new("ntfs");

    public List<Volume> Volumes { get; } = [];

    public SourceGuest Source { get; set; } = new()
    {
        Name = "windows",
        SourceKind = "VMX",
        Path = "/vm/windows.vmx",
        Hypervisor = "VMware",
        Disks = [PhonyGuest.Disk()],
        NetworkAdapters = [new SourceNetworkAdapter(PhonyGuest.Mac1, "vmxnet3", "LAN")],
    };

    public ConversionOptions Options { get; set; } = new();

    public static WindowsGuest Create(string release, bool is32Bit = false)
    {
        var guest = new WindowsGuest(WindowsRelease.Of(release), is32Bit);
        guest.Edit(guest.Populate);
        return guest;
    }

    /// <summary>Changes the hives.</summary>
    public WindowsGuest Edit(Action<RegistryKey, RegistryKey> edit)
    {
        var registry = GuestRegistry.Open(new GuestRoot([new GuestMount("/", Root, Volumes[0])]), "/Windows");
        edit(registry.System.Root, registry.Software.Root);
        registry.Save();
        return this;
    }

    /// <summary>A service that is there, with its program in the directory of drivers.</summary>
    public WindowsGuest WithDriver(string name, uint start, byte[]? program = null) => WithProgram($"/Windows/System32/drivers/{name}.sys", program).Edit((system, _) =>
    {
        var key = system.Create($@"ControlSet001\Services\{name}");
        key.SetUInt32("Type", 1);
        key.SetUInt32("Start", start);
        key.SetString("ImagePath", $@"System32\drivers\{name}.sys", RegistryValueKind.ExpandString);
    });

    public WindowsGuest WithProgram(string path, byte[]? program = null)
    {
        Root.WriteAllBytes(path, program ?? PhonyGuest.Pe(Machine, path));
        return this;
    }

    public WindowsGuest Add(Volume volume, GuestFileSystem? fileSystem = null)
    {
        Volumes.Add(volume);
        if (fileSystem is not null)
        {
            _fileSystems[volume] = fileSystem;
        }

        return this;
    }

    /// <summary>Puts the system volume's files on another volume.</summary>
    public void ReplaceVolume(Volume volume)
    {
        _fileSystems.Remove(Volumes[0]);
        Volumes[0] = volume;
        _fileSystems[volume] = Root;
    }

    public InspectedGuest Inspect() => GuestInspector.Inspect(Source, Volumes, v => _fileSystems.GetValueOrDefault(v), null, TestContext.Current.CancellationToken);

    public ConversionContext Context()
    {
        var hardware = new TargetHardware();
        foreach (var adapter in Source.NetworkAdapters)
        {
            hardware.MacAddresses.Add(adapter.MacAddress!);
        }

        return new ConversionContext(Inspect(), Source, hardware, TestContext.Current.CancellationToken) { Options = Options };
    }

    /// <summary>Runs steps, those that apply, and saves the hives.</summary>
    public ConversionContext Run(params ConversionStep[] steps)
    {
        var context = Context();
        foreach (var step in steps.Where(s => s.AppliesTo(context.Guest)))
        {
            step.Apply(context);
        }

        context.Save();
        return context;
    }

    /// <summary>The key as it stands on the disk now.</summary>
    public RegistryKey? Read(string path)
    {
        var registry = GuestRegistry.Open(new GuestRoot([new GuestMount("/", Root, Volumes[0])]), "/Windows");
        return path.StartsWith(RegistryPaths.System, StringComparison.Ordinal)
            ? registry.System.Find(path[RegistryPaths.System.Length..].TrimStart('\\'))
            : registry.Software.Find(path[RegistryPaths.Software.Length..].TrimStart('\\'));
    }

    public void Dispose()
    {
        foreach (var fileSystem in _fileSystems.Values)
        {
            fileSystem.Dispose();
        }
    }

    private void Populate(RegistryKey system, RegistryKey software)
    {
        var select = system.Create("Select");
        foreach (var name in (ReadOnlySpan<string>)["Current", "Default", "LastKnownGood"])
        {
            select.SetUInt32(name, 1);
        }

        var set = system.Create("ControlSet001");
        set.Create(@"Control\CrashControl").SetUInt32("AutoReboot", 1);
        set.Create(@"Control\ProductOptions").SetString("ProductType", Release.Product.Contains("Server", StringComparison.Ordinal) ? "ServerNT" : "WinNT");
        set.Create(@"Control\TimeZoneInformation").SetUInt32("Bias", 0);
        set.Create(@"Services\Tcpip\Parameters").SetString("Hostname", "WIN-TEST");
        set.Create(@"Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}").SetStrings("UpperFilters", ["partmgr"]);
        set.Create(Release.HasDriverDatabase ? @"Control\Session Manager" : @"Control\CriticalDeviceDatabase");
        if (Release.HasDriverDatabase)
        {
            system.Create(@"DriverDatabase\DeviceIds\PCI");
        }

        var version = software.Create(VersionKey);
        version.SetString("ProductName", Release.Product);
        version.SetString("CurrentVersion", Release.Major == 10 ? "6.3" : $"{Release.Major}.{Release.Minor}");
        version.SetString("CurrentBuildNumber", $"{Release.Build}");
        version.SetString("SystemRoot", @"C:\Windows");
        if (Release.Type is { } type)
        {
            version.SetString("InstallationType", type);
        }

        if (Release.Major == 10)
        {
            version.SetUInt32("CurrentMajorVersionNumber", 10);
            version.SetUInt32("CurrentMinorVersionNumber", 0);
        }

        software.Create(@"Microsoft\Windows\CurrentVersion").SetString("DevicePath", @"%SystemRoot%\inf", RegistryValueKind.ExpandString);
    }
}
