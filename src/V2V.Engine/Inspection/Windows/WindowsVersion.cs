using System.Globalization;
using V2V.Engine.Registry;

namespace V2V.Engine.Inspection.Windows;

/// <summary>What a Windows' hives say of its version (SOFTWARE\Microsoft\Windows NT\CurrentVersion, and SYSTEM for what old versions keep there).</summary>
internal sealed record WindowsVersion
{
    private const string CurrentVersionKey = @"Microsoft\Windows NT\CurrentVersion";

    /// <summary>The first build of Windows 11, whose ProductName still says 10.</summary>
    private const int FirstBuildOf11 = 22000;

    public required string ProductName { get; init; }

    public required int Major { get; init; }

    public required int Minor { get; init; }

    public required int Build { get; init; }

    public required string InstallationType { get; init; }

    public required string Edition { get; init; }

    /// <summary>"6.1.7601 Service Pack 1", "10.0.19045.4046 (22H2)".</summary>
    public required string Release { get; init; }

    public required string ControlSet { get; init; }

    /// <summary>The control set that the next start would take, where that is another one.</summary>
    public string? OtherDefault { get; init; }

    public string? HostName { get; init; }

    /// <summary>The letter that this Windows has for its own volume, where it says so.</summary>
    public char? SystemDrive { get; init; }

    public bool IsServer => InstallationType.Contains("Server", StringComparison.OrdinalIgnoreCase);

    /// <exception cref="V2VException">A hive is damaged, or has not what every version has.</exception>
    public static WindowsVersion Read(GuestRegistry registry)
    {
        var (controlSet, other) = ReadControlSet(registry.System);
        var key = registry.Software.Find(CurrentVersionKey) ?? throw Missing(registry.Software, CurrentVersionKey);
        var (major, minor) = Number(key);
        var build = key.Number("CurrentBuildNumber") ?? key.Number("CurrentBuild") ?? 0;
        var product = key.Text("ProductName") ?? string.Create(CultureInfo.InvariantCulture, $"Windows NT {major}.{minor}");
        var type = key.Text("InstallationType") ?? TypeOfOldVersion(registry.System, controlSet, product);
        var isServer = type.Contains("Server", StringComparison.OrdinalIgnoreCase);
        return new WindowsVersion
        {
            ProductName = !isServer && build >= FirstBuildOf11 ? product.Replace("Windows 10", "Windows 11", StringComparison.Ordinal) : product,
            Major = major,
            Minor = minor,
            Build = build,
            InstallationType = type,
            Edition = key.Text("EditionID") ?? "",
            Release = ReleaseText(key, major, minor, build),
            ControlSet = controlSet,
            OtherDefault = other,
            HostName = ReadHostName(registry.System, controlSet),
            SystemDrive = (key.Text("SystemRoot") ?? key.Text("PathName")) is [var letter, ':', ..] && char.IsAsciiLetter(letter) ? char.ToUpperInvariant(letter) : null,
        };
    }

    public OperatingSystemInfo ToSystem(string? architecture)
    {
        var system = new OperatingSystemInfo
        {
            Family = OperatingSystemFamily.Windows,
            Distribution = "windows",
            ProductName = ProductName,
            Version = string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}"),
            Release = Release,
            MajorVersion = Major,
            MinorVersion = Minor,
            Architecture = architecture ?? "unknown",
            HostName = HostName,
        };
        return system with { LibosinfoId = LibosinfoIds.Windows(system, IsServer, Build) };
    }

    /// <summary>Select\Current is what was running last; only this set is edited.</summary>
    private static (string ControlSet, string? OtherDefault) ReadControlSet(RegistryHive system)
    {
        const uint Last = 999; // Three digits name a set.
        var select = system.Find("Select") ?? throw Missing(system, "Select");
        var current = select.GetUInt32("Current") is { } number and > 0 and <= Last ? number : throw Missing(system, @"Select\Current");
        var name = Name(current);
        if (system.Find(name) is null)
        {
            throw Missing(system, name);
        }

        return (name, select.GetUInt32("Default") is { } next and > 0 and <= Last && next != current ? Name(next) : null);

        static string Name(uint set) => string.Create(CultureInfo.InvariantCulture, $"ControlSet{set:000}");
    }

    /// <summary>From Windows 10 on two numbers; before, and in every version for old programs, a text that stopped at 6.3.</summary>
    private static (int Major, int Minor) Number(RegistryKey key)
    {
        if (key.Number("CurrentMajorVersionNumber") is { } major)
        {
            return (major, key.Number("CurrentMinorVersionNumber") ?? 0);
        }

        var parts = (key.Text("CurrentVersion") ?? "").Split('.');
        return int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out major)
            && int.TryParse(parts.ElementAtOrDefault(1) ?? "0", NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
            ? (major, minor)
            : (0, 0);
    }

    /// <summary>XP and 2003 have no InstallationType; ProductType is what their own programs ask (WinNT, ServerNT, LanmanNT).</summary>
    private static string TypeOfOldVersion(RegistryHive system, string controlSet, string product) =>
        system.Find($@"{controlSet}\Control\ProductOptions")?.Text("ProductType") is { } type
            ? type.Equals("WinNT", StringComparison.OrdinalIgnoreCase) ? "Client" : "Server"
            : product.Contains("Server", StringComparison.OrdinalIgnoreCase) ? "Server" : "Client";

    private static string ReleaseText(RegistryKey key, int major, int minor, int build)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{major}.{minor}.{build}");
        // The update build revision counts the monthly updates, from Windows 10 on.
        text += key.GetUInt32("UBR") is { } revision && major >= 10 ? string.Create(CultureInfo.InvariantCulture, $".{revision}") : "";
        text += key.Text("CSDVersion") is { } servicePack ? $" {servicePack}" : "";
        return text + ((key.Text("DisplayVersion") ?? (major >= 10 ? key.Text("ReleaseId") : null)) is { } release ? $" ({release})" : "");
    }

    private static string? ReadHostName(RegistryHive system, string controlSet) =>
        system.Find($@"{controlSet}\Services\Tcpip\Parameters") is { } tcpip && (tcpip.Text("Hostname") ?? tcpip.Text("NV Hostname")) is { } name
            ? name
            : system.Find($@"{controlSet}\Control\ComputerName\ComputerName")?.Text("ComputerName");

    private static GuestFileSystemException Missing(RegistryHive hive, string what) =>
        new(V2VError.GuestUnsupported, $"{hive.Path} has no {what}, which every Windows has.")
        {
            Path = hive.Path,
            Format = "registry",
            Advice = "Check that this Windows starts where it runs now; a hive that was replaced or emptied cannot be converted.",
        };
}
