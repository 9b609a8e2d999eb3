using V2V.Engine.FileSystems;
using V2V.Engine.Sources;

namespace V2V.Engine.Inspection.Windows;

/// <summary>Finds what starts a Windows: the boot manager with its BCD, or NTLDR with its boot.ini.</summary>
internal static class WindowsBootLoader
{
    /// <param name="tree">The guest's tree.</param>
    /// <param name="volumes">Every volume, with its mount point.</param>
    /// <param name="firmware">How the guest boots.</param>
    /// <returns>The boot loader, and the volume that it is on; null when none was found.</returns>
    public static (BootLoader Loader, GuestVolume? Volume) Find(GuestRoot tree, IReadOnlyList<GuestVolume> volumes, Firmware firmware)
    {
        // The active partition first; a disk that was added may have a boot loader of its own.
        var candidates = volumes.Where(v => v.MountPoint is not null && v.FileSystem is not null)
            .OrderByDescending(v => firmware == Firmware.Uefi ? BootDevices.IsEfiSystemPartition(v.Volume) : v.Volume.IsActive)
            .ThenBy(v => v.Volume.DiskIndex);
        foreach (var volume in candidates)
        {
            var at = volume.MountPoint!.TrimEnd('/');
            if (Find(tree, at, firmware) is { } loader)
            {
                return (loader, volume);
            }
        }

        return (new BootLoader(BootLoaderKind.Unknown, null), null);
    }

    private static BootLoader? Find(GuestRoot tree, string at, Firmware firmware)
    {
        if (firmware == Firmware.Uefi)
        {
            return tree.FileExists($"{at}/EFI/Microsoft/Boot/BCD") ? new BootLoader(BootLoaderKind.WindowsBootManager, $"{at}/EFI/Microsoft/Boot/BCD") : null;
        }

        return tree.FileExists($"{at}/bootmgr") && tree.FileExists($"{at}/Boot/BCD") ? new BootLoader(BootLoaderKind.WindowsBootManager, $"{at}/Boot/BCD")
            : tree.FileExists($"{at}/ntldr") ? new BootLoader(BootLoaderKind.Ntldr, tree.FileExists($"{at}/boot.ini") ? $"{at}/boot.ini" : null)
            : null;
    }
}
