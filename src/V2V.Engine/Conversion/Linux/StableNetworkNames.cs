using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.Conversion.Linux.Network;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Lets each adapter keep the name that the guest's network configuration knows it by. Names such as ens192 come from VMware's PCI slots; on KVM
/// the same adapter would be enp1s0, and its addresses would apply to nothing. Each name is pinned to its adapter's MAC address, which stays.
/// </summary>
public sealed partial class StableNetworkNames : LinuxStep
{
    private const string RulesPath = "/etc/udev/rules.d/70-v2v-persistent-net.rules";

    private const string Why = "The adapter's PCI slot, from which its name comes, is another on KVM.";

    public override string Name => "Keeping network interface names";

    public override void Apply(ConversionContext context)
    {
        var root = context.Files.Root;
        FixUdevRules(context);
        WarnOfUnreadable(context);

        // What an earlier conversion wrote is no configuration of the guest's own.
        var uses = Configurations(root).Where(u => !IsOurs(u.File) && InterfaceName().IsMatch(u.Name)).ToList();
        if (uses.Count == 0)
        {
            return;
        }

        var assignments = InterfaceAssignments.Decide(uses, context.Source.NetworkAdapters, context.Hardware.MacAddresses);
        var rules = new List<string>();
        foreach (var assignment in assignments)
        {
            var own = uses.Where(u => u.Name == assignment.Name).ToList();
            if (assignment.Adapter is not { } adapter || adapter >= context.Hardware.MacAddresses.Count)
            {
                Warn(context, own);
                continue;
            }

            AdoptMac(context, adapter, own);
            var mac = context.Hardware.MacAddresses[adapter];
            if (own.TrueForAll(u => u.IsPinned && u.MacAddress != mac))
            {
                Warn(context, own);
                continue;
            }

            if (assignment.Reason == AssignmentReason.Order)
            {
                context.Add(new Concern(
                    ConcernSeverity.Warning, "InterfaceMatchedByOrder",
                    $"{assignment.Name} ({own[0].File}) was matched to adapter {adapter + 1} ({mac}) by its position only.",
                    "Check after the first boot that each interface is connected to the right network."));
            }

            if (!HasUdev(context.Guest))
            {
                WarnWithoutUdev(context, assignment.Name, adapter, own);
            }
            else if (!own.Any(u => u.IsPinned && u.MacAddress == mac))
            {
                Pin(context, assignment.Name, mac, rules);
            }
        }

        WarnOfSwappedNames(context, assignments);
        if (rules.Count > 0)
        {
            context.Files.WriteAllText(
                RulesPath, "# Written by V2V: the names that these adapters had before the conversion to KVM.\n" + string.Concat(rules),
                $"pins {rules.Count} interface names to MAC addresses", Why);
        }
    }

    private static IEnumerable<InterfaceUse> Configurations(GuestRoot root) =>
    [
        .. UdevNetworkRules.Read(root),
        .. NetworkdConfiguration.Read(root),
        .. IfupdownConfiguration.Read(root),
        .. NetplanConfiguration.Read(root),
        .. NetworkManagerConfiguration.Read(root),
        .. IfcfgConfiguration.Read(root),
        .. NetctlConfiguration.Read(root),
    ];

    private static bool IsOurs(string path) => path == RulesPath || LinkFile().IsMatch(path);

    private static void Pin(ConversionContext context, string name, string mac, List<string> rules)
    {
        if (UdevVersion(context.Guest) < 245)
        {
            // .link files of those versions can't tell an adapter from a VLAN or bridge with the same address, and leave names alone that
            // were given in the initramfs. A rule's NAME does not. DRIVERS matches devices with a driver only.
            rules.Add($"SUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"?*\", ATTR{{address}}==\"{mac}\", NAME=\"{name}\"\n");
            return;
        }

        // systemd.link(5): Name= applies when NamePolicy= is unset. Type=ether leaves VLANs, bridges and bonds out, which have their adapter's address.
        context.Files.WriteAllText(
            $"/etc/systemd/network/10-v2v-{name}.link",
            $"# Written by V2V: the name that this adapter had before the conversion to KVM.\n[Match]\nMACAddress={mac}\nType=ether\n\n[Link]\nName={name}\n",
            $"pins {name} to {mac}", Why);
    }

    /// <summary>
    /// A source without MAC addresses (an OVF) leaves the choice; the address that the guest's own configuration expects is the best one.
    /// </summary>
    private static void AdoptMac(ConversionContext context, int adapter, List<InterfaceUse> uses)
    {
        var macs = context.Hardware.MacAddresses;
        if (context.Source.NetworkAdapters[adapter].MacAddress is null
            && uses.Select(u => u.MacAddress).FirstOrDefault(m => m is not null) is { } expected
            && !macs.Contains(expected))
        {
            macs[adapter] = expected;
        }
    }

    private static void FixUdevRules(ConversionContext context)
    {
        foreach (var path in UdevNetworkRules.Files(context.Files.Root).Where(p => p != RulesPath).ToList())
        {
            var text = context.Files.Root.ReadAllText(path);
            context.Files.WriteAllText(
                path, TextLines.Edit(text, UdevNetworkRules.WithoutHardware), "adapters are found by MAC address only", "The old adapter's driver and place do not match on KVM.");
            text = context.Files.Root.ReadAllText(path);
            context.Files.WriteAllText(
                path, TextLines.Edit(text, UdevNetworkRules.WithoutCdRom), "names of the old CD-ROM drive removed", "The new drive would become /dev/cdrom1 beside it.");
        }
    }

    /// <summary>Alpine's mdev renames nothing: interfaces have the kernel's names, in the order in which the domain lists the adapters.</summary>
    private static bool HasUdev(InspectedGuest guest) =>
        guest.OperatingSystem.Distribution != "alpine" || guest.Root.FileExists("/sbin/udevd") || guest.Root.FileExists("/usr/sbin/udevd");

    private static void WarnWithoutUdev(ConversionContext context, string name, int adapter, List<InterfaceUse> own)
    {
        if (name != $"eth{adapter}")
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "InterfaceNameNotKept",
                $"{own[0].File} configures {name}, but the guest has no udev that could give adapter {adapter + 1} that name: it will be eth{adapter}.",
                $"Change the name to eth{adapter} in that file after the conversion."));
        }
    }

    private static void WarnOfUnreadable(ConversionContext context)
    {
        foreach (var path in NetplanConfiguration.NotUnderstood(context.Files.Root))
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "NetworkConfigurationNotRead", $"{path} has Ethernet settings in a style that V2V does not read.",
                "Check after the first boot that the interfaces have the names that the file expects."));
        }

        foreach (var (path, driver) in NetplanConfiguration.DriverMatches(context.Files.Root))
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "NetworkMatchedByDriver", $"{path} applies to adapters with the driver {driver}, which the guest no longer has.",
                "Match by MAC address or name instead."));
        }

        foreach (var (path, match) in NetworkManagerConfiguration.HardwareMatches(context.Files.Root).Concat(NetworkdConfiguration.HardwareMatches(context.Files.Root)))
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "NetworkMatchedByHardware", $"{path} applies to adapters with {match}, which the guest no longer has.",
                "Match by MAC address or name instead."));
        }
    }

    private static void Warn(ConversionContext context, List<InterfaceUse> uses)
    {
        var use = uses.FirstOrDefault(u => u.Address is not null) ?? uses[0];
        var address = use.Address is null ? "" : $" with the address {use.Address}";
        // Rules and link files for adapters that were taken out long ago are common, and harmless.
        var isStale = uses.TrueForAll(u => u.IsPinned);
        context.Add(new Concern(
            isStale ? ConcernSeverity.Information : ConcernSeverity.Warning, "InterfaceNotMatched",
            $"{use.File} configures {use.Name}{address}, which could not be matched to one of the guest's {context.Source.NetworkAdapters.Count} network adapters.",
            isStale ? null : "Give the interface its name or address by hand after the first boot."));
    }

    /// <summary>
    /// The kernel numbers adapters in the order in which it finds them, as the domain lists them. To exchange eth0 and eth1, one would have to
    /// give up its name first, which systemd's udev does not do (systemd.link(5) advises against such names).
    /// </summary>
    private static void WarnOfSwappedNames(ConversionContext context, IReadOnlyList<InterfaceAssignment> assignments)
    {
        foreach (var assignment in assignments)
        {
            if (KernelName().Match(assignment.Name) is { Success: true } match
                && assignment.Adapter is { } adapter
                && int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture) != adapter
                && int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture) < context.Source.NetworkAdapters.Count)
            {
                context.Add(new Concern(
                    ConcernSeverity.Warning, "InterfaceNameMayCollide",
                    $"{assignment.Name} belongs to adapter {adapter + 1}, but the kernel will give that name to another one first.",
                    "Use names that the kernel does not use itself (lan0, wan0) in the source guest, or check the interfaces after the first boot."));
            }
        }
    }

    /// <summary>systemd's version, of which udev is a part since 183; 0 when it is not known.</summary>
    private static int UdevVersion(InspectedGuest guest)
    {
        var package = guest.Packages.FirstOrDefault(p => p.Name == "udev") ?? guest.Packages.FirstOrDefault(p => p.Name == "systemd");
        var version = package?.Version ?? "";
        version = version[(version.IndexOf(':') + 1)..];
        return int.TryParse(LeadingNumber().Match(version).ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : LibraryVersion(guest.Root);
    }

    /// <summary>The version that systemd's own library has in its name, for guests whose packages could not be read.</summary>
    private static int LibraryVersion(GuestRoot root) =>
        root.Enumerate("/usr/lib/systemd").Concat(root.Enumerate("/lib/systemd")).Select(f => SharedLibrary().Match(f.Name))
            .Where(m => m.Success).Select(m => int.Parse(m.Groups["version"].ValueSpan, CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max();

    [GeneratedRegex(@"^/etc/systemd/network/10-v2v-[^/]+\.link\z")]
    private static partial Regex LinkFile();

    /// <summary>What the kernel accepts (dev_valid_name) less what would need quoting in a file's name or a rule.</summary>
    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}\z")]
    private static partial Regex InterfaceName();

    [GeneratedRegex(@"^eth(?<number>[0-9]{1,3})\z")]
    private static partial Regex KernelName();

    [GeneratedRegex(@"^libsystemd-shared-(?<version>[0-9]{3})[.-]")]
    private static partial Regex SharedLibrary();

    [GeneratedRegex(@"^[0-9]{1,6}")]
    private static partial Regex LeadingNumber();
}
