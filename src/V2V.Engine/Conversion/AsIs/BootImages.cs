using V2V.Engine.Conversion.Initramfs;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.AsIs;

/// <summary>
/// What the kernels in a /boot that can be read are able to drive, though the root file system is out of reach: encrypted and btrfs systems usually
/// keep their kernels and initramfs images on a small ext or XFS volume.
/// </summary>
internal static class BootImages
{
    private const string KernelPrefix = "vmlinuz-";

    private static readonly string[] Directories = ["/", "/boot"];

    /// <summary>SATA when every kernel that was found can drive it with its initramfs as it is; else null.</summary>
    public static DiskBus? DrivenBus(GuestLayout guest)
    {
        var answers = guest.Volumes
            .Where(v => v.FileSystem is not null)
            .Select(v => new GuestRoot([new GuestMount("/", v.FileSystem!, v.Volume)]))
            .SelectMany(boot => Directories.SelectMany(d => Kernels(boot, d).Select(k => DrivesSata(boot, d == "/" ? "" : d, k))))
            .ToList();
        return answers.Count > 0 && answers.TrueForAll(drives => drives) ? DiskBus.Sata : null;
    }

    /// <summary>The versions of a directory's kernels; rescue systems are not what the guest usually starts.</summary>
    private static IEnumerable<string> Kernels(GuestRoot boot, string directory) =>
        boot.Enumerate(directory)
            .Where(e => e.Name.StartsWith(KernelPrefix, StringComparison.Ordinal) && !e.Name.Contains("rescue", StringComparison.Ordinal))
            .Select(e => e.Name[KernelPrefix.Length..]);

    private static bool DrivesSata(GuestRoot boot, string directory, string kernel)
    {
        var builtin = Builtin(boot.TryReadAllText($"{directory}/config-{kernel}"));
        string[] images = [$"{directory}/initrd.img-{kernel}", $"{directory}/initramfs-{kernel}.img", $"{directory}/initrd-{kernel}"];
        try
        {
            var modules = Array.Find(images, boot.FileExists) is { } path
                ? InitramfsModules.Find(InitramfsReader.Read(InitramfsImage.Read(boot, path).Content).Tree, kernel)
                : null;
            return InitramfsNeeds.For(DiskBus.Sata).Required.All(d => builtin.Contains(d.Module) || modules?.CanLoad(d.Module) == true);
        }
        catch (V2VException)
        {
            // An image that cannot be read proves nothing.
            return false;
        }
    }

    private static HashSet<string> Builtin(string? configuration)
    {
        var lines = (configuration ?? "").Split('\n').ToHashSet(StringComparer.Ordinal);
        (string Option, string Module)[] options = [("CONFIG_SATA_AHCI=y", "ahci"), ("CONFIG_BLK_DEV_SD=y", "sd_mod")];
        return [.. options.Where(o => lines.Contains(o.Option)).Select(o => o.Module)];
    }
}
