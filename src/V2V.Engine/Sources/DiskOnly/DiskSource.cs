using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.DiskOnly;

/// <summary>
/// Bare disk images without a description of the guest that they belong to. What is not known is guessed: 2 GiB of memory, one CPU, one
/// adapter on the network "default"; the disks decide about the firmware.
/// </summary>
public sealed class DiskSource : GuestSource
{
    private const string DefaultNetwork = "default";

    public override string Kind => "Disk";

    /// <summary>Anything can be a raw disk, so this is asked last and says yes to all but descriptors and other texts.</summary>
    public override bool Recognises(SourceFile file)
    {
        if (!UnsupportedSources.Contains(file))
        {
            return true;
        }

        // The descriptors of VMDKs and of Parallels' bundles are texts too.
        using var image = file.Open();
        return image.Reaches(1) && DiskFormat.Probe(image).Name is ("vmdk" or "parallels");
    }

    public override IReadOnlyList<SourceGuest> Read(SourceFile file, SourceOptions options, CancellationToken cancellation) =>
        [FromFiles([file.Open], name: null, options)];

    /// <summary>A guest made of disk images, in the order in which its firmware sees them.</summary>
    /// <param name="disks">
    /// Paths or URIs of the images, or paths of the folders of Parallels disks. They may be compressed; one in an archive is named ARCHIVE!NAME, or
    /// by the archive alone if there is no other.
    /// </param>
    /// <param name="name">Name of the guest; null takes that of the first image's file.</param>
    /// <param name="options">How to read the images.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="DiskImageException">An image is missing, damaged or of an unsupported format.</exception>
    /// <exception cref="SourceException">An archive holds no image, or several.</exception>
    public static SourceGuest FromDisks(IReadOnlyList<string> disks, string? name, SourceOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(disks);
        ArgumentOutOfRangeException.ThrowIfZero(disks.Count);
        options ??= new SourceOptions();
        using var reads = RemoteReads.EndOn(cancellation);
        List<OpenedSource> opened = [];
        try
        {
            foreach (var disk in disks)
            {
                opened.Add(ArchivedDisk.Find(OpenedSource.Locate(disk, options), options));
            }

            return FromFiles([.. opened.Select(o => (Func<DiskFile>)o.File.Open)], name, options);
        }
        finally
        {
            opened.ForEach(o => o.Dispose());
        }
    }

    /// <summary>A guest made of the one disk image in an archive.</summary>
    internal static SourceGuest FromArchive(string path, FileStore archive, SourceOptions options, CancellationToken cancellation)
    {
        using var opened = OpenedSource.In(archive, ArchivedDisk.Find(path, archive, cancellation), options);
        return FromFiles([opened.File.Open], name: null, options);
    }

    private static SourceGuest FromFiles(IReadOnlyList<Func<DiskFile>> files, string? name, SourceOptions options)
    {
        List<Concern> concerns = [];
        var read = files.Select(open => SourceDisks.FromFile(open, DiskController.Unknown, model: null, concerns, options)).ToList();
        return new SourceGuest
        {
            Name = string.IsNullOrWhiteSpace(name) ? SourceNames.FromPath(read[0].Path) : name,
            SourceKind = "Disk",
            Path = read[0].Path,
            Disks = read,
            NetworkAdapters = [new SourceNetworkAdapter(MacAddress: null, Model: null, DefaultNetwork)],
            Concerns = concerns,
        };
    }
}
