using System.Globalization;
using System.Text.Json;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>A partition or logical volume of a raw disk.</summary>
/// <param name="Start">Its first byte on the disk.</param>
/// <param name="Length">In bytes.</param>
/// <param name="Kind">What blkid finds there; empty when it knows nothing.</param>
internal sealed record DiskVolume(long Start, long Length, string Kind)
{
    /// <summary>What mount needs to know of it.</summary>
    internal string MountOptions => string.Create(CultureInfo.InvariantCulture, $"loop,offset={Start},sizelimit={Length}");
}

/// <summary>The volumes of a raw disk as sfdisk, blkid and LVM's programs find them.</summary>
internal static class DiskVolumes
{
    private const int SectorSize = 512;

    /// <summary>The partitions in the order of the table, each that belongs to LVM followed by its logical volumes.</summary>
    internal static IReadOnlyList<DiskVolume> Find(string disk)
    {
        var volumes = new List<DiskVolume>();
        using var table = JsonDocument.Parse(ExternalTool.Check("sfdisk", "--json", disk));
        foreach (var partition in table.RootElement.GetProperty("partitiontable").GetProperty("partitions").EnumerateArray())
        {
            var volume = Look(disk, partition.GetProperty("start").GetInt64() * SectorSize, partition.GetProperty("size").GetInt64() * SectorSize);
            volumes.Add(volume);
            if (volume.Kind == "LVM2_member")
            {
                volumes.AddRange(LogicalVolumes(disk, volume));
            }
        }

        return volumes;
    }

    private static DiskVolume Look(string disk, long start, long length) =>
        new(start, length, ExternalTool.Run("blkid", "-p", "-O", Text(start), "-S", Text(length), "-s", "TYPE", "-o", "value", disk).Output.Trim());

    /// <summary>Every logical volume is one run of extents; the device mapper is not needed to find it.</summary>
    private static IEnumerable<DiskVolume> LogicalVolumes(string disk, DiskVolume physical)
    {
        var loop = ExternalTool.Check("losetup", "--find", "--show", "--offset", Text(physical.Start), "--sizelimit", Text(physical.Length), disk).Trim();
        try
        {
            string[] Report(string command, string fields)
            {
                var lines = ExternalTool.Check(
                    "env", "LVM_SUPPRESS_FD_WARNINGS=1", "lvm", command, "--noheadings", "--nosuffix", "--units", "b", "--separator", ",", "-o", fields, "--driverloaded", "n", "--config",
                    $"devices {{ use_devicesfile=0 filter=[\"a|^{loop}$|\", \"r|.*|\"] }}");
                return [.. lines.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && !l.StartsWith("WARNING", StringComparison.Ordinal))];
            }

            static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
            var first = Number(Assert.Single(Report("pvs", "pe_start")));
            var extent = Number(Assert.Single(Report("vgs", "vg_extent_size")));
            return [.. Report("lvs", "seg_pe_ranges").Select(r => r[(r.LastIndexOf(':') + 1)..].Split('-')).Select(
                r => Look(disk, physical.Start + first + (Number(r[0]) * extent), (Number(r[1]) - Number(r[0]) + 1) * extent)).OrderBy(v => v.Start)];
        }
        finally
        {
            ExternalTool.Check("losetup", "-d", loop);
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
