using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>Rules in /etc/udev/rules.d that name network adapters, such as those of 70-persistent-net.rules (udev(7)).</summary>
internal static partial class UdevNetworkRules
{
    private const string Directory = "/etc/udev/rules.d";

    public static IEnumerable<InterfaceUse> Read(GuestRoot root)
    {
        foreach (var path in Files(root))
        {
            foreach (var line in TextLines.Split(root.ReadAllText(path)))
            {
                if (NameOf(line) is { } name)
                {
                    var mac = InterfaceUse.ParseMac(Address().Match(line).Groups["mac"].Value);
                    yield return new InterfaceUse(name, path, mac, IsPinned: mac is not null);
                }
            }
        }
    }

    public static IEnumerable<string> Files(GuestRoot root) => Glob.Expand(root, $"{Directory}/*.rules").Where(root.FileExists);

    /// <summary>
    /// A rule that finds its adapter by address as well as by the old hardware's driver, ids or place loses the latter. One that has no
    /// address could only meet a wrong adapter, and is commented out: what it named is decided from the whole configuration.
    /// </summary>
    public static string WithoutHardware(string line)
    {
        if (NameOf(line) is null)
        {
            return line;
        }

        if (!Address().IsMatch(line))
        {
            return Hardware().IsMatch(line) || Drivers().Matches(line).Any(m => m.Groups["value"].Value != "?*") ? "# " + line : line;
        }

        // DRIVERS=="?*" is what keeps VLANs and bridges, which have their adapter's address, from matching.
        line = Drivers().Replace(line, match => match.Groups["value"].Value == "?*" ? match.Value : "DRIVERS==\"?*\"");
        return Hardware().Replace(line, "");
    }

    /// <summary>
    /// Rules that udev up to 180 generated to number CD-ROM drives by their place and serial number: while they are there, the new drive becomes
    /// /dev/cdrom1. Commented out, they are generated anew.
    /// </summary>
    public static string WithoutCdRom(string line) =>
        CdRomLink().IsMatch(line) && !line.TrimStart().StartsWith('#') ? "# " + line : line;

    private static string? NameOf(string line) =>
        !line.TrimStart().StartsWith('#') && Subsystem().IsMatch(line) && Name().Match(line) is { Success: true } match && !match.Groups["name"].Value.Contains('%')
            && !match.Groups["name"].Value.Contains('$')
            ? match.Groups["name"].Value
            : null;

    [GeneratedRegex(@"SUBSYSTEM==""net""|KERNEL==""(eth|en)[^""]*""")]
    private static partial Regex Subsystem();

    [GeneratedRegex(@"(?<![A-Za-z_])NAME:?=""(?<name>[^""]+)""")]
    private static partial Regex Name();

    [GeneratedRegex(@"(ATTRS?|SYSFS)\{address\}==""(?<mac>[^""]+)""")]
    private static partial Regex Address();

    [GeneratedRegex(@"DRIVERS?==""(?<value>[^""]*)""")]
    private static partial Regex Drivers();

    [GeneratedRegex(@"((ATTRS|SYSFS)\{(vendor|device|subsystem_vendor|subsystem_device)\}|KERNELS|BUS|ID|PHYSDEVDRIVER|ENV\{(ID_PATH|ID_NET_DRIVER|PHYSDEVDRIVER)\})==""[^""]*"",\s*")]
    private static partial Regex Hardware();

    [GeneratedRegex(@"ENV\{ID_CDROM\}==""\?\*"".*ENV\{(ID_PATH|ID_SERIAL)\}==.*SYMLINK\+=""(cdrom|cdrw|dvd|dvdrw)[0-9]*""")]
    private static partial Regex CdRomLink();
}
