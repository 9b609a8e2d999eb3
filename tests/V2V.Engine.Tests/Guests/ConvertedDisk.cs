using System.Globalization;
using System.Text.Json;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>A converted disk, whose file systems are looked over by their own programs. Partitions and volumes are found by sfdisk's and LVM's.</summary>
internal sealed class ConvertedDisk(string qcow2, string folder)
{
    private const int SectorSize = 512;

    /// <summary>Fails when any of them finds anything; returns what kinds were looked at.</summary>
    internal IReadOnlyList<string> Check()
    {
        ExternalTool.Check("qemu-img", "check", qcow2);
        var raw = Path.Combine(folder, "check.raw");
        ExternalTool.Check("qemu-img", "convert", "-O", "raw", qcow2, raw);
        var kinds = new List<string>();
        using (var table = JsonDocument.Parse(ExternalTool.Check("sfdisk", "--json", raw)))
        {
            foreach (var partition in table.RootElement.GetProperty("partitiontable").GetProperty("partitions").EnumerateArray())
            {
                Check(raw, partition.GetProperty("start").GetInt64() * SectorSize, partition.GetProperty("size").GetInt64() * SectorSize, kinds);
            }
        }

        File.Delete(raw);
        return kinds;
    }

    private void Check(string raw, long start, long length, List<string> kinds)
    {
        var volume = Path.Combine(folder, $"volume-{kinds.Count}.img");
        ExternalTool.Check(
            "dd", $"if={raw}", $"of={volume}", "bs=64K", $"skip={start}", $"count={length}", "iflag=skip_bytes,count_bytes", "conv=sparse", "status=none");
        using (var end = File.OpenWrite(volume))
        {
            end.SetLength(length);
        }

        var kind = ExternalTool.Run("blkid", "-p", "-s", "TYPE", "-o", "value", volume).Output.Trim();
        kinds.Add(kind);
        switch (kind)
        {
            case "ext4":
                ExternalTool.Check("e2fsck", "-fn", volume);
                break;
            case "xfs":
                ExternalTool.Check("xfs_repair", "-n", volume);
                break;
            case "vfat":
                ExternalTool.Check("fsck.fat", "-n", volume);
                break;
            case "LVM2_member":
                CheckVolumeGroup(volume, kinds);
                break;
            default:
                Assert.Contains(kind, (string[])["", "swap"]); // "" is the BIOS boot partition
                break;
        }

        File.Delete(volume);
    }

    /// <summary>Every logical volume is one run of extents; the device mapper is not needed to find it.</summary>
    private void CheckVolumeGroup(string physicalVolume, List<string> kinds)
    {
        var loop = ExternalTool.Check("losetup", "--find", "--show", physicalVolume).Trim();
        List<(long Start, long Length)> volumes;
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
            volumes = [.. Report("lvs", "seg_pe_ranges").Select(r => r[(r.LastIndexOf(':') + 1)..].Split('-')).Select(
                r => (first + (Number(r[0]) * extent), (Number(r[1]) - Number(r[0]) + 1) * extent))];
        }
        finally
        {
            ExternalTool.Check("losetup", "-d", loop);
        }

        foreach (var (start, length) in volumes.Order())
        {
            Check(physicalVolume, start, length, kinds);
        }
    }
}
