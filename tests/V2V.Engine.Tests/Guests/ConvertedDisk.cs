using System.Text.Json;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>A converted disk, whose file systems are looked over by their own programs.</summary>
internal sealed class ConvertedDisk(string qcow2, string folder)
{
    /// <summary>Bytes of the disk that the image holds, by what QEMU says: the others are neither stored nor allocated.</summary>
    internal long StoredBytes()
    {
        using var map = JsonDocument.Parse(ExternalTool.Check("qemu-img", "map", "--output=json", qcow2));
        return map.RootElement.EnumerateArray().Where(e => e.GetProperty("data").GetBoolean()).Sum(e => e.GetProperty("length").GetInt64());
    }

    /// <summary>Fails when any of them finds anything; returns what kinds were looked at.</summary>
    internal IReadOnlyList<string> Check()
    {
        ExternalTool.Check("qemu-img", "check", qcow2);
        var raw = Path.Combine(folder, "check.raw");
        ExternalTool.Check("qemu-img", "convert", "-O", "raw", qcow2, raw);
        var volumes = DiskVolumes.Find(raw);
        foreach (var volume in volumes)
        {
            Check(raw, volume);
        }

        File.Delete(raw);
        return [.. volumes.Select(v => v.Kind)];
    }

    private void Check(string raw, DiskVolume volume)
    {
        string[] judge = volume.Kind switch
        {
            "ext4" => ["e2fsck", "-fn"],
            "xfs" => ["xfs_repair", "-n"],
            "vfat" => ["fsck.fat", "-n"],
            _ => [],
        };
        if (judge.Length == 0)
        {
            Assert.Contains(volume.Kind, (string[])["", "swap", "LVM2_member"]); // "" is the BIOS boot partition
            return;
        }

        var image = Path.Combine(folder, "volume.img");
        ExternalTool.Check(
            "dd", $"if={raw}", $"of={image}", "bs=64K", $"skip={volume.Start}", $"count={volume.Length}", "iflag=skip_bytes,count_bytes", "conv=sparse", "status=none");
        using (var end = File.OpenWrite(image))
        {
            end.SetLength(volume.Length);
        }

        ExternalTool.Check(judge[0], judge[1], image);
        File.Delete(image);
    }
}
