using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection;

/// <summary>Which distribution a Linux root holds: os-release(5), else what older systems have instead.</summary>
internal static partial class LinuxDistribution
{
    /// <summary>Codenames up to the release that introduced os-release; lenny's debian_version has the number only.</summary>
    private static readonly Dictionary<int, string> DebianCodenames = new() { [3] = "sarge", [4] = "etch", [5] = "lenny", [6] = "squeeze" };

    public static OperatingSystemInfo Identify(GuestRoot root)
    {
        var found = FromOsRelease(root) ?? FromLsbRelease(root) ?? FromDebianVersion(root) ?? LinuxReleaseFiles.Identify(root)
            ?? new OperatingSystemInfo
            {
                Family = OperatingSystemFamily.Linux,
                Distribution = "unknown",
                ProductName = "Unknown Linux",
                Architecture = "",
            };
        var (major, minor) = ParseVersion(found.Version);
        found = found with
        {
            MajorVersion = major,
            MinorVersion = minor,
            Architecture = ElfArchitecture.Detect(root) ?? "unknown",
            HostName = HostName(root),
        };
        return found with { LibosinfoId = LibosinfoIds.Linux(found) };
    }

    /// <summary>Debian itself, Ubuntu, and what is built from them.</summary>
    public static bool IsDebianFamily(OperatingSystemInfo system) => LinuxFamilies.Of(system) == LinuxFamily.Debian;

    private static OperatingSystemInfo? FromOsRelease(GuestRoot root)
    {
        if ((root.TryReadAllText("/etc/os-release") ?? root.TryReadAllText("/usr/lib/os-release")) is not { } text)
        {
            return null;
        }

        var values = ShellVariables.Parse(text);
        if (!values.TryGetValue("ID", out var id) || id.Length == 0)
        {
            return null;
        }

        var version = values.GetValueOrDefault("VERSION_ID", "");
        // os-release of Debian has the major version only; debian_version the point release ("12.5"), or a codename on testing.
        if (id == "debian" && DebianVersion(root) is { } precise && (version.Length == 0 || precise.StartsWith(version + ".", StringComparison.Ordinal)))
        {
            version = precise;
        }

        version = LinuxReleaseFiles.Refine(root, version);

        return new OperatingSystemInfo
        {
            Family = OperatingSystemFamily.Linux,
            Distribution = id.ToLowerInvariant(),
            Like = values.GetValueOrDefault("ID_LIKE", "").Split(' ', StringSplitOptions.RemoveEmptyEntries),
            ProductName = values.GetValueOrDefault("PRETTY_NAME") ?? $"{values.GetValueOrDefault("NAME", id)} {version}".TrimEnd(),
            Version = version,
            Architecture = "",
        };
    }

    private static OperatingSystemInfo? FromLsbRelease(GuestRoot root)
    {
        if (root.TryReadAllText("/etc/lsb-release") is not { } text
            || !ShellVariables.Parse(text).TryGetValue("DISTRIB_ID", out var id) || id.Length == 0)
        {
            return null;
        }

        var values = ShellVariables.Parse(text);
        var version = values.GetValueOrDefault("DISTRIB_RELEASE", "");
        return new OperatingSystemInfo
        {
            Family = OperatingSystemFamily.Linux,
            Distribution = id.ToLowerInvariant(),
            Like = root.FileExists("/etc/debian_version") ? ["debian"] : [],
            ProductName = values.GetValueOrDefault("DISTRIB_DESCRIPTION") ?? $"{id} {version}".TrimEnd(),
            Version = version,
            Architecture = "",
        };
    }

    private static OperatingSystemInfo? FromDebianVersion(GuestRoot root)
    {
        if (DebianVersion(root) is not { } version)
        {
            return null;
        }

        var codename = DebianCodenames.TryGetValue(ParseVersion(version).Major, out var name) ? $" ({name})" : "";
        return new OperatingSystemInfo
        {
            Family = OperatingSystemFamily.Linux,
            Distribution = "debian",
            ProductName = $"Debian GNU/Linux {version}{codename}",
            Version = version,
            Architecture = "",
        };
    }

    /// <summary>Null for "bookworm/sid" and the like, which number nothing.</summary>
    private static string? DebianVersion(GuestRoot root) =>
        root.TryReadAllText("/etc/debian_version")?.Trim() is { Length: > 0 } version && char.IsAsciiDigit(version[0]) ? version : null;

    private static (int Major, int Minor) ParseVersion(string version)
    {
        var match = VersionNumber().Match(version);
        int Part(string group) => int.TryParse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0;
        return (Part("major"), Part("minor"));
    }

    private static string? HostName(GuestRoot root)
    {
        foreach (var path in (ReadOnlySpan<string>)["/etc/hostname", "/etc/HOSTNAME"])
        {
            var name = root.TryReadAllText(path)?.Split('\n').Select(l => l.Trim()).FirstOrDefault(l => l.Length > 0 && l[0] != '#');
            if (name is not null)
            {
                return name;
            }
        }

        return root.TryReadAllText("/etc/sysconfig/network") is { } network
            ? ShellVariables.Parse(network).GetValueOrDefault("HOSTNAME")
            : null;
    }

    [GeneratedRegex(@"(?<major>[0-9]+)(\.(?<minor>[0-9]+)[0-9.]*)?")]
    private static partial Regex VersionNumber();
}
