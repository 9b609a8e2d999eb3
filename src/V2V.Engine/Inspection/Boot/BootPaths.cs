using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Boot;

/// <summary>Finds what boot loaders' configurations name: their paths start at the file system that the boot loader reads, not at the guest's root.</summary>
internal static class BootPaths
{
    /// <summary>Longer than any boot configuration; a menu of a thousand entries has half of it.</summary>
    private const long MaxConfigurationLength = 4 << 20;

    /// <summary>More systems than ever shared an ESP.</summary>
    private const int MaxVendors = 100;

    /// <summary>Where distributions mount the EFI system partition, the usual place first.</summary>
    private static readonly string[] UsualEfiMountPoints = ["/boot/efi", "/efi", "/boot"];

    /// <summary>The directories that can be an EFI system partition's.</summary>
    public static IReadOnlyList<string> EfiMountPoints(GuestRoot root) =>
        [.. root.Mounts.Where(m => BootDevices.IsEfiSystemPartition(m.Volume) && m.MountPoint != "/").Select(m => m.MountPoint).Concat(UsualEfiMountPoints).Distinct()];

    /// <summary>
    /// Where on the ESP a boot loader's file may be, there or not: each vendor has a directory. EFI/BOOT, the removable media's copy, comes last.
    /// </summary>
    public static IEnumerable<string> VendorFiles(GuestRoot root, string name) => EfiMountPoints(root)
        .SelectMany(mount => root.Enumerate(mount + "/EFI")
            .Take(MaxVendors)
            .OrderBy(vendor => vendor.Name.Equals("BOOT", StringComparison.OrdinalIgnoreCase))
            .Select(vendor => $"{mount}/EFI/{vendor.Name}/{name}"));

    /// <summary>The text of a configuration file; null when there is none, or when it is too long to be one.</summary>
    public static string? TryRead(GuestRoot root, string path) =>
        root.Find(path) is { IsRegular: true, Length: <= MaxConfigurationLength } ? root.ReadAllText(path) : null;

    /// <summary>The guest path of a file that GRUB and its kind name: on /boot's file system if it has one, else in /boot.</summary>
    public static string? LocateInBoot(GuestRoot root, string path) => Locate(root, path, "/boot", "");

    /// <param name="root">The guest's tree.</param>
    /// <param name="path">"/vmlinuz", "vmlinuz", "($root)/vmlinuz" or "(hd0,msdos1)/vmlinuz".</param>
    /// <param name="bases">Where the path may start.</param>
    /// <returns>The path with links resolved; null when there is no such file.</returns>
    public static string? Locate(GuestRoot root, string path, params ReadOnlySpan<string> bases)
    {
        if (path.StartsWith('(') && path.IndexOf(')') is > 0 and var close)
        {
            path = path[(close + 1)..];
        }

        foreach (var start in bases)
        {
            var candidate = $"{start}/{path.TrimStart('/')}";
            if (root.FileExists(candidate))
            {
                return root.RealPath(candidate);
            }
        }

        return null;
    }
}
