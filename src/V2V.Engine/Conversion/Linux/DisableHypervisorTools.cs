using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Keeps the services of other hypervisors' guest tools from starting where they would fail. Packages stay installed: removing them would run
/// their scripts, and the owner may do it later. Services that check for their hypervisor themselves are left alone.
/// </summary>
public sealed partial class DisableHypervisorTools : LinuxStep
{
    private static readonly (string Product, string[] Services)[] Tools =
    [
        ("VMware Tools", ["open-vm-tools", "vmtoolsd", "vgauth", "vmware-tools", "vmware-tools-thinprint", "run-vmblock-fuse"]),
        ("VirtualBox Guest Additions", ["vboxadd", "vboxadd-service", "vboxadd-x11", "vboxservice", "virtualbox-guest-utils"]),
        ("XenServer's guest tools", ["xe-daemon", "xe-linux-distribution", "xe-guest-utilities", "xen-guest-agent"]),
        ("Hyper-V's daemons", ["hv-fcopy-daemon", "hv-kvp-daemon", "hv-vss-daemon", "hypervkvpd", "hypervvssd", "hypervfcopyd"]),
        ("Parallels Tools", ["prltoolsd", "prltools", "prl-x11"]),
    ];

    private static readonly string[] UnitDirectories = ["/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"];

    private static readonly string[] RepositoryDirectories = ["/etc/yum.repos.d", "/etc/zypp/repos.d"];

    public override string Name => "Disabling other hypervisors' guest tools";

    public override void Apply(ConversionContext context)
    {
        foreach (var (product, services) in Tools)
        {
            foreach (var service in services)
            {
                Disable(context, service, $"{product} would fail on KVM.");
            }
        }

        DisableRepositories(context);
        DropSharedFolders(context);
        RestoreTerminals(context);
    }

    /// <summary>XenServer's tools comment out the logins at the virtual terminals, of which a paravirtual guest has none (virt-v2v does the same).</summary>
    private static void RestoreTerminals(ConversionContext context)
    {
        if (context.Guest.Packages.Any(p => p.Name.StartsWith("xe-guest-utilities", StringComparison.Ordinal)) && context.Files.TryReadAllText("/etc/inittab") is { } text)
        {
            context.Files.WriteAllText(
                "/etc/inittab", TextLines.Edit(text, line => CommentedTerminal().IsMatch(line) ? line[1..] : line), "logins at the virtual terminals restored", "XenServer's tools had commented them out.");
        }
    }

    /// <summary>VMware's own package repositories; what is installed from them stays.</summary>
    private static void DisableRepositories(ConversionContext context)
    {
        foreach (var path in RepositoryDirectories.SelectMany(d => Network.Glob.Expand(context.Files.Root, $"{d}/*.repo")).Where(context.Files.Root.FileExists))
        {
            context.Files.WriteAllText(
                path, HypervisorRepositories.DisableSections(context.Files.Root.ReadAllText(path)), "VMware's repositories disabled", "They hold tools for another hypervisor.");
        }

        foreach (var path in Network.Glob.Expand(context.Files.Root, "/etc/apt/sources.list.d/*.list").Prepend("/etc/apt/sources.list").Where(context.Files.Root.FileExists))
        {
            context.Files.WriteAllText(
                path, HypervisorRepositories.CommentOutLines(context.Files.Root.ReadAllText(path)), "VMware's repositories disabled", "They hold tools for another hypervisor.");
        }
    }

    /// <summary>Folders that the old host shared: a mount that fails sends systemd into its emergency mode.</summary>
    private static void DropSharedFolders(ConversionContext context)
    {
        if (context.Files.TryReadAllText("/etc/fstab") is { } text)
        {
            var edited = TextLines.Edit(text, line =>
                FstabEntry.TryParseLine(line) is { Kind: "vmhgfs" or "fuse.vmhgfs-fuse" or "vboxsf" or "prl_fs" } ? "# " + line : line);
            context.Files.WriteAllText("/etc/fstab", edited, "shared folders of the old host commented out", "KVM has no such file systems, and the boot would wait for them.");
        }
    }

    private static void Disable(ConversionContext context, string service, string why)
    {
        var root = context.Files.Root;
        var unit = UnitDirectories.Select(d => $"{d}/{service}.service").FirstOrDefault(root.FileExists);
        var script = $"/etc/init.d/{service}";
        if (unit is not null ? IsInert(root.ReadAllText(unit)) : !root.FileExists(script))
        {
            return;
        }

        if (SystemManager.IsSystemd(root))
        {
            Mask(context, service, why);
        }

        // The start links of a script; systemd no longer looks at them once the unit of that name is masked.
        else if (root.FileExists(script))
        {
            foreach (var link in SysVStartLinks.Of(root, service).Concat(OpenRcLinks(root, service)).ToList())
            {
                context.Files.Delete(link, why);
            }
        }

        // Upstart's own way to say that a job is started by hand only (init(5)).
        if (root.FileExists($"/etc/init/{service}.conf"))
        {
            context.Files.WriteAllText($"/etc/init/{service}.override", "manual\n", "the job is no longer started", why);
        }
    }

    private static void Mask(ConversionContext context, string service, string why)
    {
        var path = $"/etc/systemd/system/{service}.service";
        if (context.Files.Root.FindNoFollow(path) is not { IsRegular: true })
        {
            context.Files.CreateSymbolicLink(path, "/dev/null", "the unit is masked", why);
            return;
        }

        // A unit that stands in /etc itself can't be masked there without losing it; it is no longer wanted by any target instead.
        foreach (var directory in context.Files.Root.Enumerate("/etc/systemd/system").Where(d => d.Name.EndsWith(".wants", StringComparison.Ordinal)))
        {
            context.Files.Delete($"/etc/systemd/system/{directory.Name}/{service}.service", why);
        }
    }

    /// <summary>The unit starts only where its hypervisor is found (systemd.unit(5)), or with a device of its bus.</summary>
    private static bool IsInert(string unit) =>
        unit.Contains("ConditionVirtualization=", StringComparison.Ordinal) || unit.Contains("vmbus", StringComparison.Ordinal);

    private static IEnumerable<string> OpenRcLinks(GuestRoot root, string service) =>
        root.Enumerate("/etc/runlevels").Select(level => $"/etc/runlevels/{level.Name}/{service}").Where(path => root.FindNoFollow(path) is not null);

    [GeneratedRegex(@"^#[1-6]:2345:respawn:\S*getty\s")]
    private static partial Regex CommentedTerminal();
}
