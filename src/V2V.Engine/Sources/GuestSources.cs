using V2V.Engine.Disks.Transports;
using V2V.Engine.Sources.DiskOnly;
using V2V.Engine.Sources.HyperV;
using V2V.Engine.Sources.LibvirtXml;
using V2V.Engine.Sources.Ovf;
using V2V.Engine.Sources.Vagrant;
using V2V.Engine.Sources.VirtualBox;
using V2V.Engine.Sources.Vmx;
using V2V.Engine.Sources.Xva;

namespace V2V.Engine.Sources;

/// <summary>Every kind of source, in the order in which they are asked whether a file is theirs.</summary>
public static class GuestSources
{
    public static IReadOnlyList<GuestSource> All { get; } =
    [
        new VmxSource(),
        // Both are tar archives; an XVA begins with its description.
        new XvaSource(),
        new OvaSource(),
        new OvfSource(),
        new LibvirtXmlSource(),
        new VirtualBoxSource(),
        new HyperVSource(),
        new VagrantSource(),
        new DiskSource(),
    ];

    /// <summary>Reads the guests at a path or URI: a descriptor, an archive, a disk image, or a folder that holds descriptors or is a Parallels disk.</summary>
    /// <exception cref="SourceException">There is nothing at the path, or nothing that can be read.</exception>
    /// <exception cref="DiskImageException">A disk of the guest cannot be read.</exception>
    public static IReadOnlyList<SourceGuest> Open(string path, CancellationToken cancellation = default) => Open(path, new SourceOptions(), cancellation);

    /// <inheritdoc cref="Open(string, CancellationToken)"/>
    public static IReadOnlyList<SourceGuest> Open(string path, SourceOptions options, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        using var reads = RemoteReads.EndOn(cancellation);
        return !RemoteFiles.IsUri(path) && Directory.Exists(path)
            ? [.. DescriptorsIn(Path.GetFullPath(path)).SelectMany(p => OpenFile(p, options, cancellation))]
            : OpenFile(path, options, cancellation);
    }

    /// <summary>Reads the guests that a file describes, whatever kind of file it is.</summary>
    internal static IReadOnlyList<SourceGuest> Read(SourceFile file, SourceOptions options, CancellationToken cancellation)
    {
        foreach (var source in All)
        {
            cancellation.ThrowIfCancellationRequested();
            if (source.Recognises(file))
            {
                return source.Read(file, options, cancellation);
            }
        }

        throw UnsupportedSources.Refused(file);
    }

    private static IReadOnlyList<SourceGuest> OpenFile(string path, SourceOptions options, CancellationToken cancellation)
    {
        using var opened = OpenedSource.Locate(path, options);
        return Read(opened.File, options, cancellation);
    }

    private static List<string> DescriptorsIn(string folder)
    {
        var found = SourceFolders.Find(folder, recurse: false).ToList();
        return found switch
        {
            [var itself] when itself == folder => throw new SourceException(V2VError.SourceInvalid, $"{folder} cannot be listed.")
            {
                Path = folder,
                Advice = "Check that this user may read the folder.",
            },
            [] => throw new SourceException(
                V2VError.SourceUnsupported, $"{folder} holds no .vmx, .ovf, .ova, .xva, .vbox, .vmcx or .box file, no .xml file of libvirt or Hyper-V, and no unpacked box.")
            {
                Path = folder,
                Advice = "Give the path of a descriptor or disk image, or look in the folders below with -Recurse.",
            },
            _ => found,
        };
    }
}
