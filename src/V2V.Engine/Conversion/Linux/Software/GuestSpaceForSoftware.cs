using V2V.Engine.FileSystems;

namespace V2V.Engine.Conversion.Linux.Software;

/// <summary>Whether the guest has room for packages that are put into it, and for what becomes of them when they are installed.</summary>
internal static class GuestSpaceForSoftware
{
    private const long MiB = 1 << 20;

    /// <summary>Installed files for each byte of a package: RPM of RHEL 5 and Debian's kernels are compressed to a third or fourth.</summary>
    private const int Expansion = 4;

    /// <summary>For logs and the package database.</summary>
    private const long Reserve = 16 * MiB;

    /// <summary>A kernel with its boot image, and that image once more while it is built.</summary>
    private const long BootBytesPerKernel = 60 * MiB;

    /// <exception cref="ConversionException">It has not: nothing has been written yet.</exception>
    public static void Demand(GuestRoot root, IReadOnlyList<PackageFile> files)
    {
        var total = files.Sum(file => file.Length);
        Dictionary<GuestMount, long> needed = [];
        void Need(string path, long bytes)
        {
            var mount = Mount(root, path);
            needed[mount] = needed.GetValueOrDefault(mount) + bytes;
        }

        Need(SoftwareScript.Folder, total + Reserve);
        Need("/usr", total * Expansion);
        Need("/boot", files.Count(file => file.Package.IsKernel) * BootBytesPerKernel);
        foreach (var (mount, bytes) in needed)
        {
            var free = mount.FileSystem.Space.FreeBytes;
            if (free < bytes)
            {
                throw new ConversionException(
                    V2VError.FileSystemFull,
                    $"{mount.MountPoint} ({mount.FileSystem.Kind} on {mount.Volume.DisplayName}) has {free / (double)MiB:0.0} MiB free; about {bytes / (double)MiB:0} MiB are needed to put "
                    + $"{string.Join(", ", files.Select(file => file.Name))} into the guest and install it there.")
                {
                    Path = mount.MountPoint,
                    Format = mount.FileSystem.Kind,
                    Advice = "Remove files (old kernels, package caches) in the guest and shut it down again; or convert it without the configuration that names these packages.",
                };
            }
        }
    }

    /// <summary>The file system that a path is on, or will be on.</summary>
    private static GuestMount Mount(GuestRoot root, string path)
    {
        while (path != "/" && root.Find(path) is null)
        {
            path = path[..Math.Max(path.LastIndexOf('/'), 1)];
        }

        return root.Resolve(path).Mount;
    }
}
