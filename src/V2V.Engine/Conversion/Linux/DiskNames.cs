namespace V2V.Engine.Conversion.Linux;

/// <summary>What the guest's kernel will call its disks, for the few files that must name a whole disk, which has no UUID.</summary>
internal static class DiskNames
{
    public static string Of(int diskIndex, DiskBus bus) => (bus == DiskBus.Virtio ? "/dev/vd" : "/dev/sd") + Letters(diskIndex);

    /// <summary>a to z, then aa to zz, and so on (sd_format_disk_name in the kernel).</summary>
    internal static string Letters(int index)
    {
        var letters = "";
        for (var rest = index; rest >= 0; rest = rest / 26 - 1)
        {
            letters = (char)('a' + rest % 26) + letters;
        }

        return letters;
    }
}
