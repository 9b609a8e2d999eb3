using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Archives;
using V2V.Engine.Disks.Vmdk;

namespace V2V.Engine.Sources.DiskOnly;

/// <summary>Finds the disk image in an archive that has no description of a guest.</summary>
internal static class ArchivedDisk
{
    /// <summary>Smaller files are notes, checksums and keys, whatever they hold.</summary>
    private const int SmallestImage = 64 << 10;

    private const int MaximumListed = 10;

    /// <summary>The same, if it is no archive; else the one image in it.</summary>
    public static OpenedSource Find(OpenedSource opened, SourceOptions options)
    {
        var archive = opened.File;
        return OpenedSource.OpenArchive(archive, options) is { } store ? opened.Member(store, Find(archive.Path, store, CancellationToken.None), options) : opened;
    }

    /// <summary>The name of the one image in an archive.</summary>
    /// <exception cref="SourceException">There is none, or several.</exception>
    public static string Find(string path, FileStore store, CancellationToken cancellation)
    {
        List<string> images = [];
        List<string> descriptors = [];
        foreach (var name in NamesOf(store))
        {
            cancellation.ThrowIfCancellationRequested();
            var file = SourceFile.In(store, name);
            if (VmdkProbe.IsDescriptor(file.Head))
            {
                descriptors.Add(name);
            }
            else if (IsImage(file))
            {
                images.Add(name);
            }
        }

        // What such a descriptor belongs to are its extents.
        var found = descriptors.Count > 0 ? descriptors : images;
        return found.Count == 1 ? found[0] : throw new SourceException(
            found.Count == 0 ? V2VError.SourceInvalid : V2VError.SourceUnsupported,
            found.Count == 0
                ? $"{path} has neither the description of a guest (.ovf, .vmx, .vbox) nor a disk image in it."
                : $"{path} has {found.Count} disk images in it and no description of a guest: {string.Join(", ", found.Take(MaximumListed))}.")
        {
            Path = path,
            Advice = found.Count == 0
                ? "Check that it is the right file."
                : $"Name those of one guest, the boot disk first: Get-V2VSourceGuest -Disk '{path}!{found[0]}', ...",
        };
    }

    /// <summary>The names of all regular files that can be asked for, in the archive's order.</summary>
    public static IEnumerable<string> NamesOf(FileStore store) => Clean(store switch
    {
        TarStore tar => tar.Entries.Select(e => e.Name),
        ZipStore zip => zip.Entries.Select(e => e.Name),
        _ => store.Names(""),
    });

    /// <summary>The same without those that come behind so much that it would have to be unpacked.</summary>
    public static IEnumerable<string> FirstNamesOf(FileStore store) =>
        store is TarStore tar ? Clean(tar.FirstEntries.Select(e => e.Name)) : NamesOf(store);

    /// <summary>Names that lead out of the archive are nobody's. Archives made on a Mac carry a "._" shadow of every file.</summary>
    private static IEnumerable<string> Clean(IEnumerable<string> names) =>
        names.Where(n => StoreName.Resolve("", n) == n && !StoreName.Base(n).StartsWith("._", StringComparison.Ordinal));

    private static bool IsImage(SourceFile file)
    {
        using var content = file.Open();
        return content.Reaches(SmallestImage) && !UnsupportedSources.Contains(file);
    }
}
