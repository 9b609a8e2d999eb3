using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Comments out the drivers of other hypervisors in /etc/modules, /etc/modules-load.d and the list of initramfs-tools, where they refuse to load on
/// KVM and fail the service that loads them, and takes them out of the lists from which SUSE's mkinitrd makes initramfs images.
/// </summary>
public sealed partial class DropForeignModules : LinuxStep
{
    private const string Why = "These drivers do not load on KVM.";

    private const string SuseSettings = "/etc/sysconfig/kernel";

    private static readonly HashSet<string> Foreign =
    [
        "vmw_balloon", "vmw_vmci", "vmmemctl", "vmhgfs", "vmci", "vmblock", "vmxnet", "vmsync",
        "vboxguest", "vboxsf", "vboxvideo",
        "hv_vmbus", "hv_storvsc", "hv_netvsc", "hv_utils", "hv_balloon",
        "xen_blkfront", "xen_netfront", "xen_kbdfront", "xen_fbfront", "xen_pcifront", "xen_evtchn", "xen_gntdev", "xen_gntalloc",
        "xenblk", "xennet", "xenkbd", "xenfb", "xen_vbd", "xen_vnif", "xen_balloon", "xen_platform_pci", "xenfs",
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
                if (fields.Count == 0 || line.TrimStart().StartsWith(';') || !IsForeign(fields[0].Of(line)))
                {
                    return line;
                }

                dropped.Add(fields[0].Of(line));
                return "# " + line;
            });
            context.Files.WriteAllText(path, edited, $"{string.Join(", ", dropped)} commented out", Why);
        }

        if (context.Files.TryReadAllText(SuseSettings) is { } settings)
        {
            var dropped = new List<string>();
            var edited = TextLines.Edit(settings, line => WithoutForeign(line, dropped));
            context.Files.WriteAllText(SuseSettings, edited, $"{string.Join(", ", dropped)} removed from the modules of the initramfs", Why);
        }
    }

    internal static bool IsForeign(string module) => Foreign.Contains(module.Replace('-', '_'));

    /// <summary>INITRD_MODULES="..." and its twin for guests of Xen, DOMU_INITRD_MODULES.</summary>
    private static string WithoutForeign(string line, List<string> dropped)
    {
        if (ModuleList().Match(line) is not { Success: true } match)
        {
            return line;
        }

        var modules = match.Groups["modules"];
        var names = modules.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (!names.Any(IsForeign))
        {
            return line;
        }

        dropped.AddRange(names.Where(IsForeign).Except(dropped));
        return new FieldSpan(modules.Index, modules.Length).Replace(line, string.Join(' ', names.Where(n => !IsForeign(n))));
    }

    [GeneratedRegex(@"^\s*(DOMU_)?INITRD_MODULES=(?<quote>[""'])(?<modules>[^""']*)\k<quote>")]
    private static partial Regex ModuleList();
}
