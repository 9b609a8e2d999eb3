using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Comments out the drivers of other hypervisors in /etc/modules, /etc/modules-load.d and the list of initramfs-tools: they refuse to load on KVM, and the service that loads
/// them fails with them.
/// </summary>
public sealed class DropForeignModules : LinuxStep
{
    private static readonly HashSet<string> Foreign =
    [
        "vmw_balloon", "vmw_vmci", "vmmemctl", "vmhgfs", "vmci", "vmblock", "vmxnet", "vmsync",
        "vboxguest", "vboxsf", "vboxvideo",
        "hv_vmbus", "hv_storvsc", "hv_netvsc", "hv_utils", "hv_balloon",
        "xen_blkfront", "xen_netfront", "xenblk", "xennet", "xen_vbd", "xen_vnif",
        "prl_tg", "prl_eth", "prl_fs", "prl_fs_freeze",
    ];

    public override string Name => "Dropping other hypervisors' drivers";

    public override void Apply(ConversionContext context)
    {
        var files = context.Files.Root.Enumerate("/etc/modules-load.d")
            .Where(f => f.Name.EndsWith(".conf", StringComparison.Ordinal))
            .Select(f => $"/etc/modules-load.d/{f.Name}")
            .Prepend("/etc/initramfs-tools/modules")
            .Prepend("/etc/modules")
            .Where(context.Files.Root.FileExists)
            // /etc/modules-load.d/modules.conf is a link to /etc/modules on Debian.
            .DistinctBy(context.Files.Root.RealPath);
        foreach (var path in files)
        {
            var dropped = new List<string>();
            var edited = TextLines.Edit(context.Files.Root.ReadAllText(path), line =>
            {
                var fields = FieldSpan.Split(line);
                if (fields.Count == 0 || line.TrimStart().StartsWith(';') || !Foreign.Contains(fields[0].Of(line).Replace('-', '_')))
                {
                    return line;
                }

                dropped.Add(fields[0].Of(line));
                return "# " + line;
            });
            context.Files.WriteAllText(path, edited, $"{string.Join(", ", dropped)} commented out", "These drivers do not load on KVM.");
        }
    }
}
