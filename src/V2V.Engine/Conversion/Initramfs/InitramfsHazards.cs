using System.Text.RegularExpressions;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>What in an image would keep it from booting, or its modules from loading, even with every module in place.</summary>
internal static partial class InitramfsHazards
{
    private static readonly string[] s_squashImages =
        ["squash-root.img", "squashfs-root.img", "erofs-root.img", "squash/root.img", "root.squashfs"];

    private static readonly string[] s_modprobeDirectories =
        ["etc/modprobe.d", "run/modprobe.d", "lib/modprobe.d", "usr/lib/modprobe.d", "usr/local/lib/modprobe.d"];

    /// <summary>Where dracut with hostonly_cmdline=yes keeps the disks of the machine that it ran on.</summary>
    private static readonly string[] s_hostOnlyDirectories =
        ["etc/cmdline.d", "lib/dracut/hooks/initqueue/finished", "usr/lib/dracut/hooks/initqueue/finished", "initqueue/finished"];

    /// <summary>Path of a file system image inside the image, which hides the rest of it; null when there is none.</summary>
    public static string? FindSquashImage(InitramfsTree tree) => Array.Find(s_squashImages, tree.FileExists);

    /// <summary>The setting that keeps one of <paramref name="modules"/> from being loaded for a device; null when there is none.</summary>
    public static string? FindBlacklist(InitramfsTree tree, IReadOnlySet<string> modules)
    {
        foreach (var path in s_modprobeDirectories.SelectMany(d => tree.Enumerate(d)).Select(e => e.Path))
        {
            foreach (var line in (tree.ReadText(path) ?? "").Split('\n'))
            {
                if (line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is ["blacklist" or "install", var module, ..]
                    && modules.Contains(module.Replace('-', '_')))
                {
                    return $"{path}: {line.Trim()}";
                }
            }
        }

        return null;
    }

    /// <summary>A name of a disk of the old machine that a dracut image waits for; null when there is none.</summary>
    public static HostDevice? FindHostDevice(InitramfsTree tree)
    {
        foreach (var (path, _) in s_hostOnlyDirectories.SelectMany(d => tree.Enumerate(d)))
        {
            if (HostDeviceName().Match(tree.ReadText(path) ?? "") is { Success: true } match)
            {
                return new HostDevice(path, match.Value);
            }
        }

        // systemd's form of the same: links to device units, whose names are escaped paths.
        foreach (var (path, _) in tree.Enumerate("etc/systemd/system/initrd.target.wants"))
        {
            var name = path[(path.LastIndexOf('/') + 1)..];
            if (name.EndsWith(".device", StringComparison.Ordinal))
            {
                var device = "/" + name[..^".device".Length].Replace('-', '/').Replace("\\x2d", "-", StringComparison.Ordinal);
                if (HostDeviceName().Match(device) is { Success: true } match)
                {
                    return new HostDevice(path, match.Value);
                }
            }
        }

        return null;
    }

    // by-id and by-path hold serial numbers and bus addresses; by-uuid, by-label, by-partuuid and /dev/mapper come along with the disk.
    [GeneratedRegex(@"/dev/(disk/by-(id|path)/[^\s""']+|(sd|xvd|hd)[a-z]+\d*|nvme\d+n\d+(p\d+)?)", RegexOptions.CultureInvariant)]
    private static partial Regex HostDeviceName();
}

/// <param name="File">File in the image that names it.</param>
/// <param name="Device">The name, such as /dev/disk/by-id/scsi-36000c29...</param>
internal readonly record struct HostDevice(string File, string Device)
{
    /// <summary>True for names that a SATA disk at the same place gets too.</summary>
    public bool IsScsiName => Device.StartsWith("/dev/sd", StringComparison.Ordinal);
}
