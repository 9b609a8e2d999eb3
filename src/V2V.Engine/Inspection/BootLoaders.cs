using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection;

/// <summary>Finds the boot loader of a Linux guest by its configuration.</summary>
internal static class BootLoaders
{
    private static readonly string[] Grub2 = ["/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"];

    private static readonly string[] GrubLegacy = ["/boot/grub/menu.lst", "/boot/grub/grub.conf"];

    private static readonly string[] Extlinux = ["/boot/extlinux/extlinux.conf", "/boot/extlinux.conf", "/boot/syslinux/syslinux.cfg"];

    private static readonly string[] SystemdBoot = ["/boot/efi/loader/loader.conf", "/efi/loader/loader.conf", "/boot/loader/loader.conf"];

    public static BootLoader Find(GuestRoot root)
    {
        // GRUB 2 comes first: a menu.lst is often left from before an upgrade.
        var grub2 = Grub2.Concat(EfiConfigurations(root)).FirstOrDefault(p => root.TryReadAllText(p) is { } text && GrubMenu.Parse(text).Entries.Count > 0)
            ?? Grub2.FirstOrDefault(root.FileExists);
        return grub2 is not null ? new BootLoader(BootLoaderKind.Grub2, grub2)
            : GrubLegacy.FirstOrDefault(root.FileExists) is { } legacy ? new BootLoader(BootLoaderKind.GrubLegacy, legacy)
            : Extlinux.FirstOrDefault(root.FileExists) is { } extlinux ? new BootLoader(BootLoaderKind.Extlinux, extlinux)
            : SystemdBoot.FirstOrDefault(root.FileExists) is { } systemd ? new BootLoader(BootLoaderKind.SystemdBoot, systemd)
            : new BootLoader(BootLoaderKind.Unknown, null);
    }

    /// <summary>Distributions before BLS keep the whole menu on the ESP; the others only a stub that leads to /boot, which has no entries.</summary>
    private static IEnumerable<string> EfiConfigurations(GuestRoot root) =>
        root.Enumerate("/boot/efi/EFI").Select(vendor => $"/boot/efi/EFI/{vendor.Name}/grub.cfg");
}
