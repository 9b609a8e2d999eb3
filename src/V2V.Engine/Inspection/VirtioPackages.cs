using System.Globalization;

namespace V2V.Engine.Inspection;

/// <summary>
/// The packages that give a distribution a kernel with virtio drivers, with the first versions that did. The oldest are those that virt-v2v's own
/// data base named: RHEL 4.8 and 5.3, SLES 10 SP3.
/// </summary>
internal static class VirtioPackages
{
    /// <summary>File names below a folder of packages such as virt-v2v's: "rhel/5/kernel-2.6.18-128.el5.x86_64.rpm".</summary>
    public static IReadOnlyList<string> Files(InspectedGuest guest)
    {
        var system = guest.OperatingSystem;
        var folder = $"{system.Distribution}/{system.MajorVersion.ToString(CultureInfo.InvariantCulture)}/";
        return [.. For(system).Where(p => !p.IfInstalled || guest.HasPackage(p.Name)).Select(p => folder + FileName(p, system))];
    }

    private static Package[] For(OperatingSystemInfo system) => Family(system) switch
    {
        "rhel" => system.MajorVersion switch
        {
            4 => [new("kernel", "2.6.9-89.EL")],
            5 => [new("kernel", "2.6.18-128.el5"), new("lvm2", "2.02.40-6.el5", IfInstalled: true), new("selinux-policy-targeted", "2.4.6-203.el5", IfInstalled: true, IsNeutral: true)],
            6 or 7 => [new("kernel"), new("kernel-firmware", IfInstalled: true, IsNeutral: true), new("linux-firmware", IfInstalled: true, IsNeutral: true)],
            _ => [new("kernel"), new("kernel-core"), new("kernel-modules")],
        },
        "amzn" => [new("kernel")],
        "suse" => system.MajorVersion == 10 ? [new("kernel-default", "2.6.16.60-0.85.1")] : [new("kernel-default"), new("kernel-default-base", IfInstalled: true)],
        "ubuntu" => [new("linux-image-generic")],
        "debian" => [new((system.Architecture, system.MajorVersion) switch
        {
            ("x86_64", < 7 and > 0) => "linux-image-2.6-amd64",
            ("x86_64", _) => "linux-image-amd64",
            (_, < 7 and > 0) => "linux-image-2.6-686",
            _ => "linux-image-686-pae",
        })],
        "arch" => [new("linux")],
        "alpine" => [new("linux-lts")],
        _ => [new("kernel")],
    };

    private static string Family(OperatingSystemInfo system)
    {
        string[] names = [system.Distribution, .. system.Like];
        return names.Any(n => n is "amzn") ? "amzn"
            : names.Any(n => n is "rhel" or "centos" or "fedora" or "ol" or "scientific" or "rocky" or "almalinux" or "redhat-based") ? "rhel"
            : names.Any(n => n is "sles" or "sled" or "suse" || n.StartsWith("opensuse", StringComparison.Ordinal)) ? "suse"
            : names.FirstOrDefault(n => n is "ubuntu" or "debian" or "arch" or "alpine") ?? "";
    }

    private static string FileName(Package package, OperatingSystemInfo system) => system.PackageFormat switch
    {
        "deb" => $"{package.Name}_{(system.Architecture == "x86_64" ? "amd64" : "i386")}.deb",
        "pacman" => $"{package.Name}-{system.Architecture}.pkg.tar.zst",
        "apk" => $"{package.Name}.apk",
        _ => $"{package.Name}{(package.Version.Length > 0 ? "-" : "")}{package.Version}.{RpmArchitecture(package, system)}.rpm",
    };

    /// <summary>32-bit kernels are built for i686, what runs on them up to RHEL 5 for i386.</summary>
    private static string RpmArchitecture(Package package, OperatingSystemInfo system) =>
        package.IsNeutral ? "noarch"
        : system.Architecture == "i686" && !package.Name.StartsWith("kernel", StringComparison.Ordinal) && system.MajorVersion <= 5 ? "i386"
        : system.Architecture;

    /// <param name="Name">The package's name.</param>
    /// <param name="Version">The first version that will do; empty where every version of the distribution does.</param>
    /// <param name="IfInstalled">It only has to be that new if the guest has it.</param>
    /// <param name="IsNeutral">It is the same for every architecture.</param>
    private sealed record Package(string Name, string Version = "", bool IfInstalled = false, bool IsNeutral = false);
}
