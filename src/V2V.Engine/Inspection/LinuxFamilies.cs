namespace V2V.Engine.Inspection;

/// <summary>Which family a distribution belongs to: by its own name, else by those that it says it is like.</summary>
internal static class LinuxFamilies
{
    private static readonly (LinuxFamily Family, string[] Names)[] Known =
    [
        (LinuxFamily.Debian, ["debian", "ubuntu"]),
        (LinuxFamily.RedHat, ["rhel", "centos", "fedora", "rocky", "almalinux", "ol", "scientific", "amzn", "redhat"]),
        (LinuxFamily.Suse, ["sles", "sled", "sles_sap", "suse", "opensuse", "opensuse-leap", "opensuse-tumbleweed"]),
        (LinuxFamily.Arch, ["arch"]),
        (LinuxFamily.Alpine, ["alpine"]),
    ];

    public static LinuxFamily Of(OperatingSystemInfo system) =>
        Known.Where(k => k.Names.Contains(system.Distribution)).Concat(Known.Where(k => k.Names.Any(system.Like.Contains))).FirstOrDefault().Family;
}
