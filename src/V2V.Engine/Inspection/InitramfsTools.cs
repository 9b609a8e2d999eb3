using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection;

/// <summary>The programs with which distributions build their initramfs.</summary>
internal static class InitramfsTools
{
    private static readonly string[] Programs =
    [
        "/usr/bin/dracut", "/sbin/dracut", "/usr/sbin/update-initramfs", "/usr/bin/mkinitcpio", "/sbin/mkinitfs", "/usr/sbin/mkinitfs", "/sbin/mkinitrd",
    ];

    /// <summary>The first that the guest has; null when it has none that is known.</summary>
    public static string? Find(GuestRoot root) => Programs.FirstOrDefault(root.FileExists);
}
