using System.Globalization;
using V2V.Engine.Inspection;

namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>What of a guest decides about the software for it, in the words of virt-v2v's configuration.</summary>
public sealed record SoftwareGuest
{
    public const string Linux = "linux";
    public const string Windows = "windows";

    /// <summary><see cref="Linux"/> or <see cref="Windows"/>.</summary>
    public required string Os { get; init; }

    /// <summary>"rhel", "fedora", "sles"; null for Windows.</summary>
    public string? Distro { get; init; }

    /// <summary>"6"; for Windows that of its kernel: "5" for XP and 2003.</summary>
    public string? Major { get; init; }

    public string? Minor { get; init; }

    /// <summary>"x86_64" or "i386".</summary>
    public required string Architecture { get; init; }

    /// <summary>The package of the guest's kernel, which a dependency on "kernel" means: "kernel-PAE".</summary>
    public string KernelPackage { get; init; } = "kernel";

    /// <summary>That package's architecture; null takes "i686" for i386, since kernels have long been made for nothing less.</summary>
    public string? KernelArchitecture { get; init; }

    /// <summary>Packages that are installed, whose versions decide what is needed.</summary>
    public IReadOnlyList<InstalledPackage> Packages { get; init; } = [];

    /// <summary>An inspected guest in these words.</summary>
    public static SoftwareGuest Of(InspectedGuest guest)
    {
        ArgumentNullException.ThrowIfNull(guest);
        var system = guest.OperatingSystem;
        var isLinux = system.Family == OperatingSystemFamily.Linux;
        var kernel = isLinux ? KernelPackages.For(guest) : "kernel";
        return new SoftwareGuest
        {
            Os = isLinux ? Linux : Windows,
            Distro = isLinux ? DistroName(system.Distribution) : null,
            Major = system.MajorVersion > 0 ? Text(system.MajorVersion) : null,
            Minor = system.MajorVersion > 0 ? Text(system.MinorVersion) : null,
            Architecture = system.Architecture == "i686" ? "i386" : system.Architecture,
            KernelPackage = kernel,
            KernelArchitecture = guest.Packages.FirstOrDefault(package => package.Name == kernel)?.Architecture,
            Packages = guest.Packages,
        };
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The names of libguestfs, which virt-v2v's configuration has, where os-release has others.</summary>
    private static string DistroName(string id) => id switch
    {
        "ol" => "oraclelinux",
        "scientific" => "scientificlinux",
        "sled" or "sles_sap" => "sles",
        "kali" => "kalilinux",
        _ => id.StartsWith("opensuse-", StringComparison.Ordinal) ? "opensuse" : id,
    };
}
