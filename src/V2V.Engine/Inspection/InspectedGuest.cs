using V2V.Engine.FileSystems;
using V2V.Engine.Inspection.Windows;
using V2V.Engine.Sources;
using V2V.Engine.Volumes;

namespace V2V.Engine.Inspection;

/// <summary>Everything that was found out about the operating system inside a guest. What the conversion steps work from.</summary>
public sealed record InspectedGuest
{
    public required OperatingSystemInfo OperatingSystem { get; init; }

    /// <summary>The guest's tree, over the writable overlay.</summary>
    public required GuestRoot Root { get; init; }

    /// <summary>Every volume found on every disk, mounted or not.</summary>
    public required IReadOnlyList<GuestVolume> Volumes { get; init; }

    public required Firmware Firmware { get; init; }

    public IReadOnlyList<InstalledKernel> Kernels { get; init; } = [];

    public required BootLoader BootLoader { get; init; }

    public IReadOnlyList<InstalledPackage> Packages { get; init; } = [];

    /// <summary>Zero-based index of the disk that the firmware boots from.</summary>
    public int BootDiskIndex { get; init; }

    /// <summary>
    /// False when the firmware would find nothing to start on the boot disk, as in guests of Xen, whose hypervisor did what a boot loader does.
    /// </summary>
    public bool HasBootLoaderOnDisk { get; init; } = true;

    /// <summary>Findings that the user should know before converting.</summary>
    public IReadOnlyList<Concern> Concerns { get; init; } = [];

    internal GuestLayout Layout => new(Volumes, Firmware, BootDiskIndex, OperatingSystem);

    /// <summary>What is known of a Windows; null for other systems.</summary>
    public WindowsSystem? Windows { get; init; }

    public bool HasPackage(string name) => Packages.Any(p => p.Name == name);
}

public enum OperatingSystemFamily
{
    Linux,
    Windows,
}

public sealed record OperatingSystemInfo
{
    public required OperatingSystemFamily Family { get; init; }

    /// <summary>os-release's ID ("debian", "ubuntu") or "windows".</summary>
    public required string Distribution { get; init; }

    /// <summary>ID_LIKE, for derivatives.</summary>
    public IReadOnlyList<string> Like { get; init; } = [];

    /// <summary>"Debian GNU/Linux 12 (bookworm)".</summary>
    public required string ProductName { get; init; }

    /// <summary>As the distribution writes it: "12.5", "22.04"; empty for rolling ones.</summary>
    public string Version { get; init; } = "";

    /// <summary>Version, build, updates and service pack of a Windows, for people: "6.1.7601 Service Pack 1", "10.0.19045.4046 (22H2)"; empty for others.</summary>
    public string Release { get; init; } = "";

    public int MajorVersion { get; init; }

    public int MinorVersion { get; init; }

    /// <summary>"x86_64", "i686", "aarch64".</summary>
    public required string Architecture { get; init; }

    public string? HostName { get; init; }

    /// <summary>libosinfo's id, such as "http://debian.org/debian/12", when known.</summary>
    public string? LibosinfoId { get; init; }

    /// <summary>"deb", "rpm", "apk", "pacman", or null.</summary>
    public string? PackageFormat { get; init; }

    public override string ToString() => $"{ProductName} ({Architecture})";
}

/// <summary>A volume with what lies on it.</summary>
public sealed record GuestVolume
{
    public required Volume Volume { get; init; }

    /// <summary>The opened file system; null for swap, unknown and empty volumes.</summary>
    public GuestFileSystem? FileSystem { get; init; }

    /// <summary>"ext4", "swap", "crypto_LUKS", "LVM2_member", ...; null when nothing was recognised.</summary>
    public string? ContentKind { get; init; }

    /// <summary>UUID of the file system, swap area or container as blkid prints it.</summary>
    public string? Uuid { get; init; }

    public string? Label { get; init; }

    /// <summary>Where the guest's fstab mounts it; null when it does not.</summary>
    public string? MountPoint { get; init; }
}

/// <summary>A kernel that the guest can boot.</summary>
public sealed record InstalledKernel
{
    /// <summary>"6.1.0-18-amd64": the name of its directory below /lib/modules.</summary>
    public required string Version { get; init; }

    /// <summary>Guest path of the image, such as /boot/vmlinuz-6.1.0-18-amd64.</summary>
    public required string ImagePath { get; init; }

    /// <summary>Guest path of its initramfs; null when it has none.</summary>
    public string? InitramfsPath { get; init; }

    /// <summary>Guest path of its modules, links resolved.</summary>
    public required string ModulesDirectory { get; init; }

    /// <summary>The one that the boot loader takes when nobody chooses.</summary>
    public bool IsDefault { get; init; }

    /// <summary>Names (with '_') of the modules that exist as files below <see cref="ModulesDirectory"/>.</summary>
    public required IReadOnlySet<string> Modules { get; init; }

    /// <summary>Names (with '_') listed in modules.builtin, or as far as its build configuration tells; empty when neither is there.</summary>
    public required IReadOnlySet<string> Builtin { get; init; }

    /// <summary>It runs on the Xen hypervisor only: a kernel of the time before the same one could also boot by itself (pvops).</summary>
    public bool IsXenOnly { get; init; }

    /// <summary>True when the kernel can drive the device, built in or by module.</summary>
    public bool Supports(string module) => Modules.Contains(module) || Builtin.Contains(module);

    public override string ToString() => Version;
}

public enum BootLoaderKind
{
    Unknown,
    Grub2,
    GrubLegacy,
    SystemdBoot,

    /// <summary>extlinux, syslinux, and U-Boot where it reads extlinux.conf.</summary>
    Extlinux,
    Lilo,
    Elilo,

    /// <summary>IBM Z's.</summary>
    Zipl,

    /// <summary>The firmware starts EFI programs that hold kernel, initramfs and arguments.</summary>
    UnifiedKernelImage,

    /// <summary>bootmgr or bootmgfw.efi with its BCD: Windows Vista and later.</summary>
    WindowsBootManager,

    /// <summary>NTLDR with its boot.ini: Windows XP and 2003.</summary>
    Ntldr,
}

/// <param name="Kind">Which boot loader.</param>
/// <param name="ConfigurationPath">Guest path of its configuration (grub.cfg, loader.conf); null when there is none.</param>
public sealed record BootLoader(BootLoaderKind Kind, string? ConfigurationPath)
{
    /// <summary>What it offers; empty for those that are only recognised.</summary>
    public BootMenu Menu { get; init; } = BootMenu.Empty;
}

/// <param name="Name">The package.</param>
/// <param name="Version">As its manager prints it, with epoch and release: "2:9.0.2081-1.el9", "252.22-1~deb12u1".</param>
/// <param name="Architecture">As its manager spells it: "x86_64", "amd64"; empty when it has none.</param>
public sealed record InstalledPackage(string Name, string Version, string Architecture);
