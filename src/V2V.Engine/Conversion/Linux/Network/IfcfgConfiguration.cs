using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>ifcfg files of the Red Hat and SUSE families (ifcfg(5)), which wicked reads as well, and wicked's own files.</summary>
internal static partial class IfcfgConfiguration
{
    private const string Prefix = "ifcfg-";

    private static readonly string[] Directories = ["/etc/sysconfig/network-scripts", "/etc/sysconfig/network"];

    /// <summary>What editors and rpm leave behind, and the network scripts pass over.</summary>
    private static readonly string[] BackupSuffixes = ["~", ".bak", ".old", ".orig", ".rpmnew", ".rpmorig", ".rpmsave", ".swp"];

    public static IEnumerable<InterfaceUse> Read(GuestRoot root) =>
        Directories.SelectMany(d => Glob.Expand(root, $"{d}/{Prefix}*"))
            .Where(path => !BackupSuffixes.Any(path.EndsWith) && root.FileExists(path))
            .SelectMany(path => Read(path, ShellVariables.Parse(root.ReadAllText(path))))
            .Concat(Wicked(root));

    private static IEnumerable<InterfaceUse> Read(string path, Dictionary<string, string> values)
    {
        var name = InterfaceUse.BaseName(values.GetValueOrDefault("DEVICE") ?? path[(path.IndexOf(Prefix, StringComparison.Ordinal) + Prefix.Length)..]);
        if (InterfaceUse.IsPhysical(name))
        {
            var mac = InterfaceUse.ParseMac(values.GetValueOrDefault("HWADDR") ?? values.GetValueOrDefault("LLADDR"));
            yield return new InterfaceUse(name, path, mac, values.GetValueOrDefault("IPADDR"));
        }

        // Bonds, bridges and VLANs name their members; on SUSE these need no file of their own.
        foreach (var member in values.Where(v => Members().IsMatch(v.Key)).SelectMany(v => v.Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))
        {
            var memberName = InterfaceUse.BaseName(member);
            if (memberName != name && InterfaceUse.IsPhysical(memberName))
            {
                yield return new InterfaceUse(memberName, path);
            }
        }
    }

    /// <summary>XML files of wicked(8), which few write by hand: each interface has a name element.</summary>
    private static IEnumerable<InterfaceUse> Wicked(GuestRoot root) =>
        Glob.Expand(root, "/etc/wicked/ifconfig/*.xml").Where(root.FileExists)
            .SelectMany(path => NameElement().Matches(root.ReadAllText(path)).Select(m => new InterfaceUse(m.Groups["name"].Value, path)))
            .Where(use => InterfaceUse.IsPhysical(use.Name)).Distinct();

    [GeneratedRegex(@"^(BONDING_SLAVE_?[0-9]+|BRIDGE_PORTS|ETHERDEVICE|PHYSDEV|TEAM_PORT_DEVICE_?[0-9]+|OVS_BRIDGE_PORT_DEVICE_?[0-9]+)\z")]
    private static partial Regex Members();

    [GeneratedRegex(@"<name[^>]{0,200}>\s*(?<name>[A-Za-z0-9]{1,15})\s*</name>")]
    private static partial Regex NameElement();
}
