using V2V.Engine.FileSystems;
using V2V.Engine.Sources;

namespace V2V.Engine.Inspection.Boot;

/// <summary>Finds the boot loader of a Linux guest by its configuration.</summary>
internal static class BootLoaders
{
    /// <summary>
    /// In the order in which they are asked. GRUB 2 comes first: a menu.lst or lilo.conf is often left from before an upgrade, and its BLS files
    /// look like systemd-boot's.
    /// </summary>
    private static readonly Func<GuestRoot, Firmware, BootLoader?>[] Readers =
    [
        Grub2.Find,
        SystemdBoot.Find,
        GrubLegacy.Find,
        Extlinux.Find,
        Named(BootLoaderKind.Lilo, _ => ["/etc/lilo.conf"]),
        Named(BootLoaderKind.Elilo, root => ["/etc/elilo.conf", .. BootPaths.VendorFiles(root, "elilo.conf")]),
        Named(BootLoaderKind.Zipl, _ => ["/etc/zipl.conf"]),
        Named(BootLoaderKind.UnifiedKernelImage, SystemdBoot.UnifiedImages),
    ];

    /// <summary>The first with entries in its menu; else the first of which a configuration is there.</summary>
    public static BootLoader Find(GuestRoot root, Firmware firmware)
    {
        BootLoader? first = null;
        foreach (var reader in Readers)
        {
            var found = reader(root, firmware);
            if (found?.Menu.Entries.Count > 0)
            {
                return found;
            }

            first ??= found;
        }

        return first ?? new BootLoader(BootLoaderKind.Unknown, null);
    }

    /// <summary>Boot loaders that are recognised, and neither read nor edited.</summary>
    private static Func<GuestRoot, Firmware, BootLoader?> Named(BootLoaderKind kind, Func<GuestRoot, IEnumerable<string>> files) =>
        (root, _) => files(root).FirstOrDefault(root.FileExists) is { } path ? new BootLoader(kind, path) : null;
}
