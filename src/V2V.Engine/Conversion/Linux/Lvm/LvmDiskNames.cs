using System.Globalization;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux.Lvm;

/// <summary>The names below /dev that a physical volume had, and those that it will have.</summary>
internal sealed class LvmDiskNames(ConversionContext context)
{
    private readonly StableNames _names = new(context);

    /// <summary>Names that it had on the old hardware, as far as the order of the disks tells them.</summary>
    internal IEnumerable<string> Old(GuestVolume physical)
    {
        var count = context.Source.Disks.Count;
        var part = physical.Volume.PartitionNumber;
        var candidates = Enumerable.Range(0, count).SelectMany(i => (string[])
            [
                .. ((string[])["sd", "hd", "vd", "xvd"]).Select(prefix => $"/dev/{prefix}{DiskNames.Letters(i)}{part}"),
                $"/dev/nvme{i}n1{PartitionOf(part)}",
                $"/dev/nvme0n{i + 1}{PartitionOf(part)}",
                $"/dev/cciss/c0d{i}{PartitionOf(part)}",
            ]);
        return candidates.Where(name => _names.Resolve(name).Volume == physical).Concat(Lasting(physical));
    }

    /// <summary>Names that it will have, for each driver by which the converted guest may find its disks.</summary>
    internal IEnumerable<IEnumerable<string>> New(GuestVolume physical) =>
        Prefixes.Select(prefix => Lasting(physical).Prepend($"/dev/{prefix}{DiskNames.Letters(physical.Volume.DiskIndex)}{physical.Volume.PartitionNumber}"));

    /// <summary>A filter's pattern for the disks of the converted guest.</summary>
    /// <param name="physical">The physical volumes to accept; null for whatever is on the disks.</param>
    internal string Pattern(IEnumerable<GuestVolume>? physical)
    {
        var prefix = Prefixes.Length > 1 ? "[sv]d" : "sd";
        var disks = physical is null
            ? "[a-z]+[0-9]*"
            : $"({string.Join('|', physical.Select(p => $"{DiskNames.Letters(p.Volume.DiskIndex)}{p.Volume.PartitionNumber}"))})";

        // A bar would end a pattern between bars.
        return $"a:^/dev/{prefix}{disks}$:";
    }

    /// <summary>A guest with virtio drivers may get its disks by either of them.</summary>
    private string[] Prefixes => context.Hardware.DiskBus is DiskBus.Virtio or DiskBus.VirtioScsi ? ["vd", "sd"] : ["sd"];

    private static IEnumerable<string> Lasting(GuestVolume physical)
    {
        yield return $"/dev/disk/by-id/lvm-pv-uuid-{physical.Uuid}";
        if (physical.Volume.PartitionUuid is { } partition)
        {
            yield return $"/dev/disk/by-partuuid/{partition}";
        }
    }

    private static string PartitionOf(int? number) => number is { } n ? "p" + n.ToString(CultureInfo.InvariantCulture) : "";
}
