using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>ifcfg files of the Red Hat and SUSE families.</summary>
internal static class IfcfgConfiguration
{
    private static readonly string[] Directories = ["/etc/sysconfig/network-scripts", "/etc/sysconfig/network"];

    public static IEnumerable<InterfaceUse> Read(GuestRoot root)
    {
        foreach (var path in Directories.SelectMany(d => Glob.Expand(root, $"{d}/ifcfg-*")))
        {
            if (root.TryReadAllText(path) is not { } text)
            {
                continue;
            }

            var values = ShellVariables.Parse(text);
            var name = InterfaceUse.BaseName(values.GetValueOrDefault("DEVICE") ?? path[(path.IndexOf("ifcfg-", StringComparison.Ordinal) + "ifcfg-".Length)..]);
            if (InterfaceUse.IsPhysical(name))
            {
                var mac = InterfaceUse.ParseMac(values.GetValueOrDefault("HWADDR") ?? values.GetValueOrDefault("LLADDR"));
                yield return new InterfaceUse(name, path, mac, values.GetValueOrDefault("IPADDR"));
            }
        }
    }
}
