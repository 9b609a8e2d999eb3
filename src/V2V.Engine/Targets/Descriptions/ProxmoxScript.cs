using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using V2V.Engine.Conversion;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Libvirt;

namespace V2V.Engine.Targets.Descriptions;

/// <summary>A script for a node of Proxmox VE 7.2 or later, which makes the guest with its disks by one call of <c>qm create</c>.</summary>
internal sealed partial class ProxmoxScript : GuestDescription
{
    private const string Platform = "Proxmox VE";

    public override string Suffix => "-qm.sh";

    public override IEnumerable<Concern> CheckName(string name) => HostName().IsMatch(name)
        ? []
        : [PlatformLimits.InvalidName(name, Platform, "it takes names of hosts: letters, digits, '-' and '.', each part beginning and ending with a letter or digit")];

    public override IEnumerable<Concern> Check(DomainDescription domain)
    {
        foreach (var concern in PlatformLimits.Check(domain, Platform))
        {
            yield return concern;
        }

        if (domain.Hardware.DiskBus == DiskBus.LsiSas)
        {
            yield return PlatformLimits.NoSuchBus(domain.Hardware.DiskBus, Platform);
        }
        else if (domain.Disks.Count > Bus(domain).Room)
        {
            yield return PlatformLimits.Unsupported(
                $"The guest has {domain.Disks.Count} disks on {domain.Hardware.DiskBus}, where {Platform} has room for {Bus(domain).Room}.",
                "Convert fewer disks, or convert it with -As Libvirt.");
        }

        foreach (var bridge in domain.Networks.Where(n => n.IsBridge && !BridgeName().IsMatch(n.Name)).Select(n => n.Name).Distinct())
        {
            yield return new Concern(
                ConcernSeverity.Critical, "NetworkInvalid", $"{Platform} can have no bridge of the name \"{bridge}\".",
                "Say with -Bridge, -NetworkMap or -MacMap which bridge each adapter is connected to, for example bridge:vmbr1.");
        }
    }

    public override string Text(DomainDescription domain)
    {
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $$"""
            #!/bin/sh
            # Makes the guest {{ShellText.Comment(domain.Name)}} on this node of Proxmox VE. The disks are looked for in this script's folder.
            #
            # usage: this-script [--bridge BRIDGE] VMID STORAGE [arguments of qm create...]
            #   --bridge  what adapters are connected to that were mapped to no bridge (default vmbr0)
            set -eu
            dir=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
            fail() { printf '%s: %s\n' "${0##*/}" "$1" >&2; exit 1; }
            bridge=vmbr0
            if [ "${1:-}" = --bridge ]; then
            	bridge=${2:?--bridge needs the name of a bridge}
            	shift 2
            fi
            [ $# -ge 2 ] || fail 'usage: [--bridge BRIDGE] VMID STORAGE [arguments of qm create...]'
            vmid=$1 storage=$2
            shift 2
            case $vmid in *[!0-9]*|'') fail "'$vmid' is no VMID" ;; esac
            command -v qm >/dev/null || fail 'qm is not installed: this is no node of Proxmox VE'
            # qm's options know no escape for a comma.
            case $dir in *,*) fail "the path of the folder has a comma: $dir" ;; esac
            if qm status "$vmid" >/dev/null 2>&1; then fail "there is a guest $vmid already"; fi

            """);
        script.Append("exec ").Append(ShellText.Command(["qm create \"$vmid\"", .. Arguments(domain), "\"$@\""]));
        return script.ToString().ReplaceLineEndings("\n");
    }

    private static IEnumerable<string> Arguments(DomainDescription domain)
    {
        var (hardware, source) = (domain.Hardware, domain.Source);
        yield return $"--name {ShellText.Quote(domain.Name)}";
        yield return $"--ostype {OperatingSystemType(domain)}";
        yield return Invariant($"--memory {source.MemoryMiB}");
        yield return Processors(domain);
        yield return $"--machine {ShellText.Quote(hardware.Machine)}";
        yield return $"--localtime {(hardware.ClockIsLocalTime ? 1 : 0)}";
        yield return $"--vga {(DomainDevices.VideoModel(domain) == "cirrus" ? "cirrus" : "std")}";
        yield return "--serial0 socket --agent 1";
        if (source.GenerationId is { } id)
        {
            yield return $"--vmgenid {id:D}";
        }

        if (hardware.Firmware == Firmware.Uefi)
        {
            yield return $"--bios ovmf --efidisk0 \"$storage:1,efitype=4m,pre-enrolled-keys={(source.SecureBoot ? 1 : 0)}\"";
        }
        else
        {
            yield return "--bios seabios";
        }

        if (source.HasTpm)
        {
            yield return "--tpmstate0 \"$storage:1,version=v2.0\"";
        }

        if (hardware.HasRandomGenerator)
        {
            yield return "--rng0 source=/dev/urandom";
        }

        if (!hardware.HasBalloon)
        {
            yield return "--balloon 0";
        }

        foreach (var drive in Drives(domain))
        {
            yield return drive;
        }

        for (var i = 0; i < domain.Networks.Count; i++)
        {
            var network = domain.Networks[i];
            var adapter = $"{hardware.NetworkModel.ToString().ToLowerInvariant()}={network.MacAddress},bridge=";
            yield return Invariant($"--net{i} {(network.IsBridge ? ShellText.Quote(adapter + network.Name) : ShellText.Quote(adapter) + "\"$bridge\"")}");
        }
    }

    private static IEnumerable<string> Drives(DomainDescription domain)
    {
        var (bus, _) = Bus(domain);
        if (domain.Hardware.DiskBus is DiskBus.VirtioScsi or DiskBus.Pvscsi)
        {
            yield return $"--scsihw {(domain.Hardware.DiskBus == DiskBus.Pvscsi ? "pvscsi" : "virtio-scsi-single")}";
        }

        for (var i = 0; i < domain.Disks.Count; i++)
        {
            yield return Invariant($"--{bus}{i} \"$storage:0,import-from=$dir\"{ShellText.Quote($"/{FileName(domain.Disks[i])},discard=on")}");
        }

        if (bus != "ide" && domain.Source.RemovableDrives.Any(d => d.Kind == RemovableDriveKind.CdRom))
        {
            yield return "--ide2 none,media=cdrom";
        }

        var order = Enumerable.Range(0, domain.Disks.Count).OrderBy(i => i != domain.BootDiskIndex).Select(i => Invariant($"{bus}{i}"));
        yield return $"--boot {ShellText.Quote($"order={string.Join(';', order)}")}";
    }

    private static (string Name, int Room) Bus(DomainDescription domain) => domain.Hardware.DiskBus switch
    {
        DiskBus.Virtio => ("virtio", 16),
        DiskBus.VirtioScsi => ("scsi", 31),
        // The unit numbers of a bus that these guests' drivers look at, without the controller's own.
        DiskBus.Pvscsi => ("scsi", 7),
        DiskBus.Ide when domain.Hardware.IsPc => ("ide", 4),
        _ => ("sata", 6),
    };

    /// <summary>qm counts no threads: they are cores there.</summary>
    private static string Processors(DomainDescription domain) => domain.CpuTopology is { } t
        ? Invariant($"--cpu host --sockets {t.Sockets} --cores {t.CoresPerSocket * t.ThreadsPerCore}")
        : Invariant($"--cpu host --sockets 1 --cores {domain.Source.CpuCount}");

    /// <summary>Versions of Windows share a type with the server of their time.</summary>
    private static string OperatingSystemType(DomainDescription domain)
    {
        if (!DomainXml.IsWindows(domain))
        {
            return domain.OperatingSystem is null ? "other" : "l26";
        }

        return domain.OperatingSystem?.LibosinfoId?.Split('/')[^1] switch
        {
            "xp" => "wxp",
            "2k3" or "2k3r2" => "w2k3",
            "vista" => "wvista",
            "2k8" => "w2k8",
            "7" or "2k8r2" => "win7",
            "8" or "8.1" or "2k12" or "2k12r2" => "win8",
            "11" or "2k22" or "2k25" => "win11",
            _ => "win10",
        };
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    [GeneratedRegex(@"\A[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex HostName();

    /// <summary>Linux allows 15 characters.</summary>
    [GeneratedRegex(@"\A[-_.A-Za-z0-9]{1,15}\z", RegexOptions.CultureInvariant)]
    private static partial Regex BridgeName();
}
