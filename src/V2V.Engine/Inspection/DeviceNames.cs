using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.Sources;
using V2V.Engine.Volumes;
using V2V.Engine.Volumes.Lvm;

namespace V2V.Engine.Inspection;

/// <summary>How lasting a name of a device is.</summary>
internal enum DeviceNameKind
{
    /// <summary>No disk of the guest: tmpfs, a network share, a file, a CD-ROM.</summary>
    NotADisk,

    /// <summary>It comes from what is stored on the disk (UUID, LABEL, LVM, md, device mapper) and so survives new hardware.</summary>
    Stable,

    /// <summary>It comes from the controller or the disk's serial number, which will be others.</summary>
    Unstable,
}

/// <param name="Kind">How lasting the name is.</param>
/// <param name="Volume">What it names; null when that could not be found out, or when several volumes answer to the name.</param>
/// <param name="DiskIndex">The disk, also when the name is of a whole disk.</param>
internal readonly record struct DeviceReference(DeviceNameKind Kind, GuestVolume? Volume, int? DiskIndex = null);

/// <summary>
/// Finds the volume that a name in the guest's configuration stands for, on the hardware that the guest came from. Names such as /dev/sda depend
/// on the order in which its kernel met the disks; the source's order of disks is taken for it, as virt-v2v does.
/// </summary>
internal sealed partial class DeviceNames(IReadOnlyList<GuestVolume> volumes, IReadOnlyList<SourceDisk> disks)
{
    public GuestVolume? Root { get; init; }

    /// <param name="name">"/dev/sda1", "UUID=...", "/dev/disk/by-id/...-part1", "tmpfs".</param>
    /// <param name="kind">What is said to lie there ("swap", "ext4", "auto"), which tells partitions of several disks apart.</param>
    public DeviceReference Resolve(string name, string? kind = null)
    {
        if (name.Split('=', 2) is [var tag, var value] && !tag.Contains('/'))
        {
            return ByTag(tag, value);
        }

        if (!name.StartsWith("/dev/", StringComparison.Ordinal))
        {
            return default;
        }

        if (name == "/dev/root")
        {
            return new DeviceReference(DeviceNameKind.Unstable, Root, Root?.Volume.DiskIndex);
        }

        if (name.StartsWith("/dev/disk/", StringComparison.Ordinal))
        {
            return ByDiskLink(name["/dev/disk/".Length..], kind);
        }

        if (LetteredDisk().Match(name) is { Success: true } lettered)
        {
            if (XenDiskNames.Find(disks, lettered.Groups["letters"].Value, lettered.Groups["part"].Value, lettered.Groups["prefix"].Value) is { } named)
            {
                return Partition(named.Disk, named.IsPartition ? Match.Empty : lettered.Groups["part"]);
            }

            if (disks.All(d => d.Controller == DiskController.Xen && d.GuestName is not null))
            {
                return new DeviceReference(DeviceNameKind.Unstable, null); // Paravirtual guests have no other names.
            }

            return Partition(LetteredIndex(lettered.Groups["prefix"].Value, lettered.Groups["letters"].Value), lettered.Groups["part"]);
        }

        if (NumberedDisk().Match(name) is { Success: true } numbered)
        {
            return Partition(NumberedIndex(numbered), numbered.Groups["part"]);
        }

        return LogicalVolume(name) is { } logical ? new DeviceReference(DeviceNameKind.Stable, logical)
            : MultipathDisk().Match(name) is { Success: true } multipath ? OfHardware(multipath.Groups["part"], kind)
            : Other(name);
    }

    private DeviceReference ByTag(string tag, string value) => tag.ToUpperInvariant() switch
    {
        "UUID" => Stable(v => Same(v.Uuid, value)),
        "LABEL" => Stable(v => v.Label == value),
        "PARTUUID" => Stable(v => Same(v.Volume.PartitionUuid, value)),
        "PARTLABEL" => Stable(v => v.Volume.PartitionLabel == value),
        "ID" => new DeviceReference(DeviceNameKind.Unstable, null), // ID=... is by-id (mount(8)).
        _ => default,
    };

    private DeviceReference ByDiskLink(string link, string? kind)
    {
        var (directory, name) = link.Split('/', 2) is [var d, var n] ? (d, UdevUnescape(n)) : (link, "");
        switch (directory)
        {
            case "by-uuid":
                return ByTag("UUID", name);
            case "by-label":
                return ByTag("LABEL", name);
            case "by-partuuid":
                return ByTag("PARTUUID", name);
            case "by-partlabel":
                return ByTag("PARTLABEL", name);
            case "by-id" when name.StartsWith("dm-name-", StringComparison.Ordinal):
                return Resolve("/dev/mapper/" + name["dm-name-".Length..], kind);
            case "by-id" when name.StartsWith("dm-uuid-LVM-", StringComparison.Ordinal):
                return Stable(v => v.Volume.Kind == VolumeKind.LogicalVolume && DeviceMapperId(v.Volume) == name["dm-uuid-LVM-".Length..]);
            case "by-id" when name.StartsWith("lvm-pv-uuid-", StringComparison.Ordinal):
                return Stable(v => v.ContentKind == "LVM2_member" && v.Uuid == name["lvm-pv-uuid-".Length..]);
            case "by-id" when MultipathId().Match(name) is { Success: true } multipath:
                return OfHardware(multipath.Groups["part"], kind);
            case "by-id" when name.StartsWith("dm-", StringComparison.Ordinal) || name.StartsWith("md-", StringComparison.Ordinal):
                return new DeviceReference(DeviceNameKind.Stable, null);
        }

        return OfHardware(PartitionSuffix().Match(name).Groups["part"], kind);
    }

    /// <summary>
    /// A name that tells the disk's serial number or its controller's place, neither of which the source's description has for each disk. With
    /// one disk there is no doubt, nor is there when only one partition of all has this number and what is said to be on it.
    /// </summary>
    private DeviceReference OfHardware(Group part, string? kind)
    {
        if (disks.Count == 1)
        {
            return Partition(0, part);
        }

        var number = part.Success ? int.Parse(part.ValueSpan, CultureInfo.InvariantCulture) : (int?)null;
        var found = volumes
            .Where(v => v.Volume.Kind != VolumeKind.LogicalVolume && v.Volume.PartitionNumber == number && (kind is null || ContentKinds.Matches(kind, v.ContentKind)))
            .Take(2).ToList();
        return found.Count == 1
            ? new DeviceReference(DeviceNameKind.Unstable, found[0], found[0].Volume.DiskIndex)
            : new DeviceReference(DeviceNameKind.Unstable, null);
    }

    /// <summary>sda, sdb, ... aa: the nth disk of those that get such names.</summary>
    private int? LetteredIndex(string prefix, string letters)
    {
        var ordinal = 0;
        foreach (var letter in letters)
        {
            ordinal = ordinal * 26 + (letter - 'a' + 1);
        }

        ordinal--;
        if (prefix == "xvd")
        {
            return ordinal < disks.Count ? ordinal : null;
        }

        // NVMe and virtio disks have names of their own and take no letter from the others.
        var candidates = Enumerable.Range(0, disks.Count).Where(i => prefix switch
        {
            "vd" => disks[i].Controller is DiskController.Virtio or DiskController.Unknown,
            "hd" => disks[i].Controller is DiskController.Ide or DiskController.Unknown,
            _ => disks[i].Controller is not (DiskController.Nvme or DiskController.Virtio),
        }).ToList();
        return ordinal < candidates.Count ? candidates[ordinal] : null;
    }

    /// <summary>nvme0n1, nvme1n1 (two controllers) or nvme0n1, nvme0n2 (one); mmcblk0; cciss/c0d0.</summary>
    private int? NumberedIndex(Match match)
    {
        int Number(string group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
        if (match.Groups["namespace"].Success)
        {
            var nvme = Enumerable.Range(0, disks.Count).Where(i => disks[i].Controller == DiskController.Nvme).ToList();
            var ordinal = Number("controller") == 0 ? Number("namespace") - 1 : Number("controller");
            return ordinal >= 0 && ordinal < nvme.Count ? nvme[ordinal] : null;
        }

        var disk = Number("disk");
        return disk < disks.Count ? disk : null;
    }

    private DeviceReference Partition(int? disk, Group part)
    {
        if (disk is null)
        {
            return new DeviceReference(DeviceNameKind.Unstable, null);
        }

        var number = part.Success ? int.Parse(part.ValueSpan, CultureInfo.InvariantCulture) : (int?)null;
        var found = volumes.FirstOrDefault(v => v.Volume.Kind != VolumeKind.LogicalVolume
            && v.Volume.DiskIndex == disk
            && v.Volume.PartitionNumber == number);
        return new DeviceReference(DeviceNameKind.Unstable, found, disk);
    }

    /// <summary>/dev/VG/LV or /dev/mapper/VG-LV, where hyphens within the names are doubled .</summary>
    private GuestVolume? LogicalVolume(string name)
    {
        foreach (var volume in volumes)
        {
            if (volume.Volume is { Kind: VolumeKind.LogicalVolume, VolumeGroup: { } group, LogicalVolume: { } logical }
                && (name == $"/dev/{group}/{logical}"
                    || name == $"/dev/mapper/{LvmName.DeviceMapper(group, logical)}"))
            {
                return volume;
            }
        }

        return null;
    }

    /// <summary>The UUIDs of volume group and logical volume without their hyphens (lvm2, build_dm_uuid).</summary>
    private static string DeviceMapperId(Volume volume) =>
        $"{volume.VolumeGroupUuid}{volume.LogicalVolumeUuid}".Replace("-", "", StringComparison.Ordinal);

    private static DeviceReference Other(string name) => new(
        RemovableDrive().IsMatch(name) ? DeviceNameKind.NotADisk : DeviceNameKind.Stable, null);

    /// <summary>A name that several volumes bear, as after cloning a disk, finds none of them.</summary>
    private DeviceReference Stable(Func<GuestVolume, bool> matches)
    {
        var found = volumes.Where(matches).Take(2).ToList();
        return new DeviceReference(DeviceNameKind.Stable, found.Count == 1 ? found[0] : null, found.Count == 1 ? found[0].Volume.DiskIndex : null);
    }

    private static bool Same(string? a, string b) => a is not null && a.Equals(b, StringComparison.OrdinalIgnoreCase);

    /// <summary>udev writes characters that a link's name can't have as \x20 (systemd's device_name_escape).</summary>
    private static string UdevUnescape(string name) => EscapedByte().Replace(
        name, m => ((char)byte.Parse(m.ValueSpan[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString());

    [GeneratedRegex(@"^/dev/(?<prefix>sd|hd|vd|xvd)(?<letters>[a-z]{1,3})(?<part>[0-9]{1,3})?\z")]
    private static partial Regex LetteredDisk();

    [GeneratedRegex(@"^/dev/(nvme(?<controller>[0-9]{1,3})n(?<namespace>[0-9]{1,3})|mmcblk(?<disk>[0-9]{1,3})|cciss/c[0-9]{1,3}d(?<disk>[0-9]{1,3}))(p(?<part>[0-9]{1,3}))?\z")]
    private static partial Regex NumberedDisk();

    /// <summary>multipath's own names and those made of a WWID (multipath.conf(5), user_friendly_names); kpartx has several ways to add a partition.</summary>
    [GeneratedRegex(@"^/dev/mapper/(mpath[a-z]+((p|-part|_part)?(?<part>[0-9]{1,3}))?|(mpath[0-9]+|3[0-9a-f]{16}([0-9a-f]{16})?)((p|-part|_part)(?<part>[0-9]{1,3}))?)\z")]
    private static partial Regex MultipathDisk();

    [GeneratedRegex(@"^dm-uuid-(part(?<part>[0-9]{1,3})-)?mpath-")]
    private static partial Regex MultipathId();

    [GeneratedRegex(@"-part(?<part>[0-9]{1,3})\z")]
    private static partial Regex PartitionSuffix();

    [GeneratedRegex(@"^/dev/(sr|scd|cd|dvd|fd|floppy|loop|ram|zram|shm|pts)")]
    private static partial Regex RemovableDrive();

    [GeneratedRegex(@"\\x[0-9a-fA-F]{2}")]
    private static partial Regex EscapedByte();
}
