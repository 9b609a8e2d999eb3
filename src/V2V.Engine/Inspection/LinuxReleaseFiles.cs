using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection;

/// <summary>
/// The files in which distributions name themselves that are older than os-release(5), or whose os-release leaves out the minor version.
/// </summary>
internal static partial class LinuxReleaseFiles
{
    /// <summary>
    /// Lines such as "CentOS release 6.10 (Final)". A rebuild's own file comes first, since its redhat-release may name RHEL, as Oracle's does.
    /// </summary>
    private static readonly string[] RedHatFiles =
    [
        "/etc/oracle-release", "/etc/enterprise-release", "/etc/rocky-release", "/etc/almalinux-release", "/etc/centos-release", "/etc/sl-release",
        "/etc/fedora-release", "/etc/redhat-release", "/etc/system-release",
    ];

    /// <summary>How such a line begins, with the name that os-release gives the distribution's later versions.</summary>
    private static readonly (string Product, string Distribution)[] RedHatProducts =
    [
        ("Red Hat Enterprise Linux", "rhel"), ("CentOS", "centos"), ("Oracle Linux", "ol"), ("Enterprise Linux", "ol"), ("Scientific Linux", "scientific"),
        ("Rocky Linux", "rocky"), ("AlmaLinux", "almalinux"), ("Fedora", "fedora"), ("Amazon Linux", "amzn"), ("Red Hat Linux", "redhat"),
    ];

    private static readonly (string Path, string Distribution)[] OtherFiles =
    [
        ("/etc/arch-release", "arch"),
        ("/etc/gentoo-release", "gentoo"),
        ("/etc/slackware-version", "slackware"),
        ("/etc/alpine-release", "alpine"),
    ];

    public static OperatingSystemInfo? Identify(GuestRoot root) => RedHat(root) ?? Suse(root) ?? Other(root);

    /// <summary>The version with its minor number, where os-release has the major one only ("7" of CentOS 7.9, "2023" of Amazon Linux).</summary>
    public static string Refine(GuestRoot root, string version) =>
        version.Length == 0 || version.Contains('.')
            ? version
            : RedHatFiles.Select(root.TryReadAllText).OfType<string>().Select(text => ReleaseNumber().Match(text).Groups["number"].Value)
                .FirstOrDefault(precise => precise.StartsWith(version + ".", StringComparison.Ordinal)) ?? version;

    private static OperatingSystemInfo? RedHat(GuestRoot root)
    {
        if (RedHatFiles.Select(root.TryReadAllText).FirstOrDefault(t => t is not null) is not { } text)
        {
            return null;
        }

        var line = text.Split('\n')[0].Trim();
        var known = RedHatProducts.FirstOrDefault(p => line.StartsWith(p.Product, StringComparison.Ordinal)).Distribution;
        // A rebuild that is not known by name is still one of the family.
        var name = known ?? FirstWord().Match(line).Value.ToLowerInvariant();
        return Info(name.Length > 0 ? name : "redhat", line, ReleaseNumber().Match(line).Groups["number"].Value) with
        {
            Like = known is null ? ["rhel", "fedora"] : [],
        };
    }

    /// <summary>"SUSE Linux Enterprise Server 11 (x86_64)", then lines "VERSION = 11" and "PATCHLEVEL = 4".</summary>
    private static OperatingSystemInfo? Suse(GuestRoot root)
    {
        if (root.TryReadAllText("/etc/SuSE-release") is not { } text)
        {
            return null;
        }

        var lines = text.Split('\n');
        string Value(string field) => lines.Select(l => l.Split('=', 2)).FirstOrDefault(p => p.Length == 2 && p[0].Trim() == field)?[1].Trim() ?? "";
        var product = Parenthesis().Replace(lines[0], "").Trim();
        var servicePack = int.TryParse(Value("PATCHLEVEL"), NumberStyles.None, CultureInfo.InvariantCulture, out var level) && level > 0 ? level : 0;
        var distribution = product.Contains("openSUSE", StringComparison.OrdinalIgnoreCase) ? "opensuse"
            : product.Contains("Desktop", StringComparison.Ordinal) ? "sled"
            : product.Contains("Enterprise", StringComparison.Ordinal) ? "sles" : "suse";
        return servicePack > 0
            ? Info(distribution, $"{product} SP{servicePack}", $"{Value("VERSION")}.{servicePack}")
            : Info(distribution, product, Value("VERSION"));
    }

    private static OperatingSystemInfo? Other(GuestRoot root)
    {
        foreach (var (path, distribution) in OtherFiles)
        {
            if (root.TryReadAllText(path) is { } text)
            {
                var line = text.Split('\n')[0].Trim();
                return Info(distribution, line, Number().Match(line).Value);
            }
        }

        return null;
    }

    private static OperatingSystemInfo Info(string distribution, string product, string version) => new()
    {
        Family = OperatingSystemFamily.Linux,
        Distribution = distribution,
        ProductName = product.Length > 0 ? product : distribution,
        Version = version,
        Architecture = "",
    };

    [GeneratedRegex(@"\brelease (?<number>[0-9]+(\.[0-9]+)*)")]
    private static partial Regex ReleaseNumber();

    [GeneratedRegex(@"[0-9]+(\.[0-9]+)*")]
    private static partial Regex Number();

    [GeneratedRegex(@"^[A-Za-z0-9]+")]
    private static partial Regex FirstWord();

    [GeneratedRegex(@"\(.*\)")]
    private static partial Regex Parenthesis();
}
