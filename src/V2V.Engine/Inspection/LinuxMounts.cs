using V2V.Engine.FileSystems;
using V2V.Engine.Volumes.Lvm;

namespace V2V.Engine.Inspection;

/// <summary>Joins the file systems of a Linux guest into its tree, as its fstab would.</summary>
internal static class LinuxMounts
{
    /// <summary>Where only the kernel's own file systems, or removable media, are mounted.</summary>
    private static readonly string[] Skipped = ["/dev", "/media", "/proc", "/run", "/selinux", "/sys"];

    /// <summary>Without these a conversion would work on half a system.</summary>
    private static readonly string[] Essential = ["/boot", "/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/usr/lib"];

    /// <param name="found">Every volume.</param>
    /// <param name="rootVolume">The volume of the root file system.</param>
    /// <param name="names">Resolves fstab's names.</param>
    /// <param name="concerns">Gets what could not be mounted.</param>
    public static (GuestRoot Tree, IReadOnlyDictionary<GuestVolume, string> MountPoints) Join(
        IReadOnlyList<VolumeFinding> found, GuestVolume rootVolume, DeviceNames names, List<Concern> concerns)
    {
        var mounts = new List<GuestMount> { new("/", rootVolume.FileSystem!, rootVolume.Volume) };
        var points = new Dictionary<GuestVolume, string> { [rootVolume] = "/" };
        var tree = new GuestRoot(mounts);

        // Outer mounts first, whatever fstab's order, as systemd does it.
        var entries = FstabEntry.Parse(tree.TryReadAllText("/etc/fstab") ?? "").Where(IsWanted).OrderBy(e => e.MountPoint.Count(c => c == '/'));
        foreach (var entry in entries)
        {
            var reference = names.Resolve(entry.Device, entry.Kind);
            if (reference.Volume is not { } volume)
            {
                if (Unresolved(entry, reference, found) is { } concern)
                {
                    concerns.Add(concern);
                }

                continue;
            }

            if (points.ContainsKey(volume))
            {
                continue;
            }

            points[volume] = entry.MountPoint;
            if (volume.FileSystem is { } fileSystem)
            {
                mounts.Add(new GuestMount(RealMountPoint(tree, entry.MountPoint), fileSystem, volume.Volume));
                tree = new GuestRoot(mounts);
            }
            else
            {
                concerns.Add(NotOpened(entry, found.First(f => f.Guest == volume)));
            }
        }

        var unmounted = found.Select(f => f.Guest).Where(v => !points.ContainsKey(v)).ToList();
        foreach (var (mountPoint, volume) in DiscoverablePartitions.Find(tree, unmounted, rootVolume.Volume).ToList())
        {
            points[volume] = mountPoint;
            mounts.Add(new GuestMount(mountPoint, volume.FileSystem!, volume.Volume));
        }

        return (new GuestRoot(mounts), points);
    }

    private static bool IsWanted(FstabEntry entry) =>
        entry.MountPoint.StartsWith('/')
        && entry.MountPoint.Length > 1
        && !entry.IsSwap && !entry.IsBind && !entry.IsRemovable
        // A /boot that is mounted by hand only is still where the boot loader's files are.
        && (entry.IsAutomatic || entry.MountPoint is "/boot" or "/boot/efi" or "/efi")
        && !Skipped.Any(s => entry.MountPoint == s || entry.MountPoint.StartsWith(s + "/", StringComparison.Ordinal));

    /// <summary>A mount point may be reached through a link: mount(8) follows it.</summary>
    private static string RealMountPoint(GuestRoot tree, string mountPoint)
    {
        try
        {
            return tree.RealPath(mountPoint);
        }
        catch (GuestFileSystemException)
        {
            return mountPoint;
        }
    }

    private static Concern NotOpened(FstabEntry entry, VolumeFinding finding)
    {
        var message = $"{entry.MountPoint} is needed, but {finding.Describe()}.";
        if (Essential.Contains(entry.MountPoint))
        {
            return new Concern(ConcernSeverity.Critical, "FileSystemUnsupported", message, finding.Failure?.Advice ?? "Convert this guest with virt-v2v for now.");
        }

        return entry.MountPoint == "/var"
            ? new Concern(ConcernSeverity.Warning, "FileSystemNotOpened", $"Installed packages are not known: {finding.Describe()}, which is mounted at /var.")
            : new Concern(ConcernSeverity.Information, "FileSystemNotOpened", $"What is mounted at {entry.MountPoint} is copied as it is: {finding.Describe()}.");
    }

    /// <summary>A device that no disk of this guest has stops the boot for 90 seconds and ends in an emergency shell, unless marked nofail.</summary>
    private static Concern? Unresolved(FstabEntry entry, DeviceReference reference, IReadOnlyList<VolumeFinding> found)
    {
        var isTag = entry.Device.Contains('=') || entry.Device.StartsWith("/dev/disk/by-", StringComparison.Ordinal);
        if (reference.Kind != DeviceNameKind.Stable || !(isTag || IsLogicalVolume(entry.Device, found)) || entry.Options.Contains("nofail") || !entry.IsAutomatic)
        {
            return null;
        }

        // What lies within a container that was not opened has names that can't be seen here.
        var severity = Essential.Contains(entry.MountPoint) && !found.Any(f => f.HidesVolumes) ? ConcernSeverity.Critical
            : found.Any(f => f.HidesVolumes) ? ConcernSeverity.Information
            : ConcernSeverity.Warning;
        return new Concern(
            severity,
            "MountDeviceMissing",
            $"/etc/fstab mounts {entry.Device} at {entry.MountPoint}, and no disk of this guest has it (or several have).",
            "Convert the guest with all of its disks, or add the option nofail to the line.");
    }

    /// <summary>/dev/GROUP/VOLUME. Names below /dev/mapper may be those of other layers, so there the group has to be one that was found.</summary>
    private static bool IsLogicalVolume(string device, IReadOnlyList<VolumeFinding> found) => device.Split('/') switch
    {
        ["", "dev", "mapper", var name] => found.Select(f => f.Volume.VolumeGroup).OfType<string>().Distinct()
            .Any(group => name.StartsWith(LvmName.DeviceMapper(group, ""), StringComparison.Ordinal)),
        ["", "dev", var group, var volume] => group is not ("md" or "disk" or "block") && LvmName.IsValid(group) && LvmName.IsValid(volume),
        _ => false,
    };
}
