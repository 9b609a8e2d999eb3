using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Replaces names of disks that come from the old hardware by names that come from what is stored on them. Names that already last
/// (UUID, LABEL, LVM, md, device mapper) are never touched.
/// </summary>
internal sealed class StableNames
{
    private readonly ConversionContext _context;
    private readonly DeviceNames _names;

    public StableNames(ConversionContext context)
    {
        _context = context;
        _names = new DeviceNames(context.Guest.Volumes, context.Source.Disks)
        {
            Root = context.Guest.Volumes.FirstOrDefault(v => v.MountPoint == "/"),
        };
    }

    public DeviceReference Resolve(string device) => _names.Resolve(device);

    /// <summary>The name to write instead, or null to leave what is there; a device that cannot be found is reported.</summary>
    /// <param name="device">The name as the guest's file has it.</param>
    /// <param name="file">The file, for the report.</param>
    /// <param name="expectedKind">What the file says lies there ("swap", "ext4", "auto"): a check of the order of disks that was assumed.</param>
    /// <param name="contentLasts">False when the guest writes over the volume's UUID, as swap with a random key does, or mounts it without an initramfs.</param>
    public string? Replace(string device, string file, string? expectedKind = null, bool contentLasts = true)
    {
        var reference = _names.Resolve(device, contentLasts ? expectedKind : null);
        if (reference.Kind != DeviceNameKind.Unstable)
        {
            return null;
        }

        if (reference.Volume is not { } volume)
        {
            return Unknown(device, file, "no volume of this guest could be matched to it");
        }

        if (expectedKind is not null && contentLasts && !ContentKinds.Matches(expectedKind, volume.ContentKind))
        {
            return Unknown(device, file, $"{volume.Volume.DisplayName} holds {volume.ContentKind ?? "nothing that was recognised"}, not {expectedKind}");
        }

        if (contentLasts && volume.Uuid is { } uuid && IsUnique(v => v.Uuid, uuid))
        {
            return $"UUID={uuid}";
        }

        return volume.Volume.PartitionUuid is { } partition && IsUnique(v => v.Volume.PartitionUuid, partition) && KnowsPartitionUuids
            ? $"PARTUUID={partition}"
            : Unknown(device, file, $"{volume.Volume.DisplayName} has no UUID of its own");
    }

    /// <summary>The link that udev makes for a name in fstab's form.</summary>
    /// <param name="stable">What <see cref="Replace"/> gave: "UUID=..." or "PARTUUID=...".</param>
    public static string LinkOf(string stable) =>
        stable.Split('=', 2) is [var tag, var value] ? $"/dev/disk/by-{tag.ToLowerInvariant()}/{value}" : stable;

    /// <summary>udev and mount(8) know PARTUUID since util-linux 2.20, which Debian 7, Ubuntu 12.04, RHEL 7 and SLES 12 were the first to have.</summary>
    private bool KnowsPartitionUuids
    {
        get
        {
            var system = _context.Guest.OperatingSystem;
            var first = (LinuxFamilies.Of(system), system.Distribution) switch
            {
                (LinuxFamily.Debian, "debian") => 7,
                (LinuxFamily.Debian, "ubuntu") => 12,
                (LinuxFamily.RedHat, not ("fedora" or "amzn")) => 7,
                (LinuxFamily.Suse, "sles" or "sled" or "sles_sap") => 12,
                _ => 0,
            };
            return system.MajorVersion >= first;
        }
    }

    private string? Unknown(string device, string file, string why)
    {
        _context.Add(new Concern(
            ConcernSeverity.Warning, "UnknownDevice", $"{file} names {device}, which will have another name on KVM, and {why}.",
            "Correct the line after the conversion, or use a UUID in the source guest and convert it again."));
        return null;
    }

    private bool IsUnique(Func<GuestVolume, string?> id, string value) =>
        _context.Guest.Volumes.Count(v => string.Equals(id(v), value, StringComparison.OrdinalIgnoreCase)) == 1;
}
