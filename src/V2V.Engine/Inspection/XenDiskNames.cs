using V2V.Engine.Sources;

namespace V2V.Engine.Inspection;

/// <summary>
/// Names of disks in guests of Xen, where they are not the kernel's choice: the hypervisor's configuration says "xvda", or "xvda1" for an image
/// that the guest sees as a partition without a disk around it.
/// </summary>
internal static class XenDiskNames
{
    /// <param name="Disk">Index of the disk.</param>
    /// <param name="IsPartition">The whole disk is what the guest calls by the partition's name.</param>
    public readonly record struct Found(int Disk, bool IsPartition);

    /// <summary>Null when the source does not tell names, or none that fits.</summary>
    /// <param name="disks">The source's disks.</param>
    /// <param name="letters">"a" of xvda1.</param>
    /// <param name="part">"1" of xvda1; empty for a whole disk.</param>
    /// <param name="prefix">"xvd" of xvda1.</param>
    public static Found? Find(IReadOnlyList<SourceDisk> disks, string letters, string part, string prefix)
    {
        return ByName(prefix + letters)
            // Kernels that know nothing but xvd use it for whatever the configuration calls sda or hda; configurations of older ones stay.
            ?? ByName("xvd" + letters) ?? ByName("sd" + letters) ?? ByName("hd" + letters)
            // Beside four IDE disks of the emulated machine, SCSI ones begin at e (xen-blkfront, EMULATED_SD_DISK_NAME_OFFSET in RHEL 6).
            ?? (prefix == "xvd" && letters is [>= 'e' and <= 'z'] ? ByName("sd" + (char)(letters[0] - 4)) : null);

        Found? ByName(string name)
        {
            for (var i = 0; i < disks.Count; i++)
            {
                if (disks[i].GuestName == name + part && part.Length > 0)
                {
                    return new Found(i, IsPartition: true);
                }

                if (disks[i].GuestName == name)
                {
                    return new Found(i, IsPartition: false);
                }
            }

            return null;
        }
    }
}
