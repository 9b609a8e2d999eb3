namespace V2V.Engine.Inspection;

/// <summary>The names that libosinfo's database (osinfo-db, data/os) has for operating systems.</summary>
internal static class LibosinfoIds
{
    /// <summary>Null when the database has no such entry, as for most derivatives, testing releases and Amazon Linux.</summary>
    public static string? Linux(OperatingSystemInfo system)
    {
        var (major, minor) = (system.MajorVersion, system.MinorVersion);
        return system.Distribution switch
        {
            "arch" => "http://archlinux.org/archlinux/rolling",
            "opensuse-tumbleweed" => "http://opensuse.org/opensuse/tumbleweed",
            _ when major == 0 => null,
            // Since squeeze the second number is a point release; before, it was part of the release's name (3.1 sarge).
            "debian" => major >= 4 ? $"http://debian.org/debian/{major}" : major == 3 ? $"http://debian.org/debian/3.{minor}" : null,
            "ubuntu" when major >= 4 => $"http://ubuntu.com/ubuntu/{major}.{minor:00}",
            "rhel" when major >= 4 => $"http://redhat.com/rhel/{major}.{minor}",
            // All of CentOS 7 is one entry, and so are 8 and each Stream.
            "centos" when system.ProductName.Contains("Stream", StringComparison.Ordinal) => $"http://centos.org/centos-stream/{major}",
            "centos" => major switch
            {
                5 or 6 => $"http://centos.org/centos/{major}.{minor}",
                7 => "http://centos.org/centos/7.0",
                8 => "http://centos.org/centos/8",
                _ => null,
            },
            "rocky" when major >= 8 => $"http://rockylinux.org/rocky/{major}",
            "almalinux" when major >= 8 => $"http://almalinux.org/almalinux/{major}",
            // Oracle's was called Enterprise Linux until 5.4.
            "ol" when major >= 4 => $"http://oracle.com/{((major, minor).CompareTo((5, 4)) <= 0 ? "oel" : "ol")}/{major}.{minor}",
            "scientific" when major >= 5 => $"http://scientificlinux.org/scientificlinux/{major}.{minor}",
            "fedora" => $"http://fedoraproject.org/fedora/{major}",
            // In version 15 server and desktop are one entry; a release without service pack has no minor number before 16.
            "sles" or "sled" or "sles_sap" => "http://suse.com/" + (major == 15 ? "sle" : system.Distribution[..4]) + "/" + (minor > 0 || major > 15 ? $"{major}.{minor}" : $"{major}"),
            "opensuse" or "opensuse-leap" => $"http://opensuse.org/opensuse/{major}.{minor}",
            "alpine" => $"http://alpinelinux.org/alpinelinux/{major}.{minor}",
            _ => null,
        };
    }

    /// <summary>Null for what is no version of Windows that the database has. Servers of version 10.0 differ by their build only.</summary>
    public static string? Windows(OperatingSystemInfo system, bool isServer, int build)
    {
        var name = (system.MajorVersion, system.MinorVersion) switch
        {
            (5, 1) => "xp",
            (5, 2) when !isServer => "xp", // The 64-bit edition is a 2003 inside.
            (5, 2) => system.ProductName.Contains("R2", StringComparison.Ordinal) ? "2k3r2" : "2k3",
            (6, 0) => isServer ? "2k8" : "vista",
            (6, 1) => isServer ? "2k8r2" : "7",
            (6, 2) => isServer ? "2k12" : "8",
            (6, 3) => isServer ? "2k12r2" : "8.1",
            (10, 0) when isServer => build switch { >= 26100 => "2k25", >= 20348 => "2k22", >= 17763 => "2k19", _ => "2k16" },
            (10, 0) => build >= 22000 ? "11" : "10",
            _ => null,
        };
        return name is null ? null : $"http://microsoft.com/win/{name}";
    }
}
