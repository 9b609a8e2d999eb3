using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Ovf;

/// <summary>The files that an OVF descriptor came with, in a folder or an archive. Names are relative to the descriptor.</summary>
internal sealed class OvfPackage(SourceFile descriptor, SourceOptions options)
{
    private readonly GuestFolder _folder = GuestFolder.Of(descriptor, options);

    public SourceFile Descriptor => descriptor;

    public byte[] ReadDescriptor() => descriptor.ReadDescriptor(OvfDescriptor.Format);

    /// <summary>The manifest; null when there is none.</summary>
    public OvfManifest? ReadManifest()
    {
        var name = StoreName.Base(descriptor.Name);
        if (FindManifest(Path.ChangeExtension(name, ".mf")) is { } own)
        {
            return own;
        }

        // Who renames a package's descriptor by packing it again often forgets the manifest.
        var other = descriptor.Store?.Names(StoreName.Folder(descriptor.Name)).FirstOrDefault(n => n.EndsWith(".mf", StringComparison.OrdinalIgnoreCase));
        return other is null ? null : FindManifest(StoreName.Base(other));
    }

    /// <summary>The file that an href names. hrefs are URI references (DSP0243, section 7.1), but some writers do not escape them.</summary>
    public Func<DiskFile> FindHref(string href, out string name)
    {
        if (href.Contains("://", StringComparison.Ordinal) && Uri.TryCreate(href, UriKind.Absolute, out var uri))
        {
            throw OvfDescriptor.Unsupported(
                descriptor.Path, $"keeps a disk elsewhere, at {uri.Scheme}://{uri.Host}", "Download the disk into the package and name it there by its file name.");
        }

        name = href;
        var file = _folder.Find(href).Open;
        if (file is null && href.Contains('%'))
        {
            name = Uri.UnescapeDataString(href);
            file = _folder.Find(name).Open;
        }

        return file ?? throw new SourceException(V2VError.DiskImageNotFound, $"{descriptor.Path} names the file {href}, which the package does not have.")
        {
            Path = descriptor.Path,
            Format = OvfDescriptor.Format,
            Advice = "Copy the missing file beside the descriptor, or export the guest again.",
        };
    }

    private OvfManifest? FindManifest(string name)
    {
        if (_folder.Find(name) is not { Open: not null } found)
        {
            return null;
        }

        var file = descriptor.Store is { } store ? SourceFile.In(store, StoreName.Resolve(descriptor.Name, name)!) : SourceFile.OnHost(found.Path);
        return OvfManifest.Parse(file.Path, file.ReadDescriptor("OVF manifest"));
    }
}
