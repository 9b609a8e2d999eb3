using V2V.Engine.FileSystems;
using V2V.Engine.Volumes;
using V2V.Engine.Volumes.Gpt;

namespace V2V.Engine.Inspection;

/// <summary>
/// Partitions that systemd mounts by their GPT type where fstab does not mention them (systemd-gpt-auto-generator(8)): XBOOTLDR at /boot, the ESP
/// at /efi, or at /boot when that is left. Of interest is only where the boot loader's files are.
/// </summary>
internal static class DiscoverablePartitions
{
    /// <param name="tree">The guest's tree as its fstab makes it.</param>
    /// <param name="candidates">Volumes that are mounted nowhere.</param>
    /// <param name="rootVolume">Only partitions of its disk count.</param>
    public static IEnumerable<(string MountPoint, GuestVolume Volume)> Find(GuestRoot tree, IReadOnlyList<GuestVolume> candidates, Volume rootVolume)
    {
        GuestVolume? OfType(Guid type) =>
            candidates.FirstOrDefault(v => v.FileSystem is not null && v.Volume.GptType == type && v.Volume.DiskIndex == rootVolume.DiskIndex);

        var boot = OfType(GptPartitionTypes.LinuxExtendedBoot);
        if (boot is not null && IsFree(tree, "/boot"))
        {
            yield return ("/boot", boot);
        }

        if (OfType(GptPartitionTypes.EfiSystem) is { } esp)
        {
            if (IsFree(tree, "/efi"))
            {
                yield return ("/efi", esp);
            }
            else if (boot is null && IsFree(tree, "/boot"))
            {
                yield return ("/boot", esp);
            }
            else if (IsFree(tree, "/boot/efi"))
            {
                // systemd does not, but this is where distributions mount it, and where its files are looked for.
                yield return ("/boot/efi", esp);
            }
        }
    }

    private static bool IsFree(GuestRoot tree, string directory) =>
        tree.DirectoryExists(directory) && tree.Enumerate(directory).Count == 0 && tree.Mounts.All(m => m.MountPoint != directory);
}
