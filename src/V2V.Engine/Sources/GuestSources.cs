using V2V.Engine.Disks.Transports;
using V2V.Engine.Sources.DiskOnly;
using V2V.Engine.Sources.LibvirtXml;
using V2V.Engine.Sources.Ovf;
using V2V.Engine.Sources.VirtualBox;
using V2V.Engine.Sources.Vmx;
using V2V.Engine.Sources.Xva;

namespace V2V.Engine.Sources;

/// <summary>Every kind of source, in the order in which they are asked whether a file is theirs.</summary>
public static class GuestSources
{
    private static readonly string[] FolderDescriptors = [".vmx", ".ovf", ".ova", ".xva", ".vbox", ".xml"];

    public static IReadOnlyList<GuestSource> All { get; } =
    [
        new VmxSource(),
        // Both are tar archives; an XVA begins with its description.
        new XvaSource(),
        new OvaSource(),
        new OvfSource(),
        new LibvirtXmlSource(),
        new VirtualBoxSource(),
        new DiskSource(),
    ];

    /// <summary>Reads the guests at a path or URI: a descriptor, an archive, a disk image, or a folder that holds one descriptor.</summary>
    /// <exception cref="SourceException">There is nothing at the path, or nothing that can be read.</exception>
    /// <exception cref="DiskImageException">A disk of the guest cannot be read.</exception>
    public static IReadOnlyList<SourceGuest> Open(string path, CancellationToken cancellation = default) => Open(path, new SourceOptions(), cancellation);

    /// <inheritdoc cref="Open(string, CancellationToken)"/>
    public static IReadOnlyList<SourceGuest> Open(string path, SourceOptions options, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        using var opened = OpenedSource.Locate(FindDescriptorIn(path), options);
        return Read(opened.File, options, cancellation);
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

    private static string FindDescriptorIn(string path) => !RemoteFiles.IsUri(path) && Directory.Exists(path) ? FindDescriptor(Path.GetFullPath(path)) : path;

    /// <summary>Any kind of file may be called .xml, so that these have to be what they are named after.</summary>
    private static bool IsDescriptor(string path) =>
        FolderDescriptors.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase)
        && (!Path.GetExtension(path).Equals(".xml", StringComparison.OrdinalIgnoreCase) || new LibvirtXmlSource().Recognises(SourceFile.OnHost(path)));

    private static string FindDescriptor(string folder)
    {
        List<string> found;
        try
        {
            found = [.. Directory.EnumerateFiles(folder).Where(IsDescriptor).Order()];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SourceException(V2VError.SourceInvalid, $"{folder} cannot be listed: {e.Message}", e) { Path = folder };
        }

        return found.Count == 1
            ? found[0]
            : throw new SourceException(
                V2VError.SourceUnsupported,
                found.Count == 0
                    ? $"{folder} holds no .vmx, .ovf, .ova, .xva, .vbox or libvirt .xml file."
                    : $"{folder} holds {found.Count} guests: {string.Join(", ", found.Take(5).Select(Path.GetFileName))}.")
            {
                Path = folder,
                Advice = "Give the path of one descriptor or disk image.",
            };
    }
}
