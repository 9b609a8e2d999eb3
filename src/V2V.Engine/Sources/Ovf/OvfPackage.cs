using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Ovf;

/// <summary>The files that an OVF descriptor came with: a folder or an archive. Names are relative to the descriptor.</summary>
internal abstract class OvfPackage
{
    /// <summary>What messages call the descriptor.</summary>
    public abstract string DescriptorPath { get; }

    public abstract byte[] ReadDescriptor();

    /// <summary>The manifest; null when there is none.</summary>
    public abstract OvfManifest? ReadManifest();

    /// <summary>How to open a file of the package; null when the package has no such file.</summary>
    /// <exception cref="SourceException">The name leads out of the package.</exception>
    public abstract Func<DiskFile>? Find(string name);

    /// <summary>The file that an href names. hrefs are URI references (DSP0243, section 7.1), but some writers do not escape them.</summary>
    public Func<DiskFile> FindHref(string href, out string name)
    {
        if (href.Contains("://", StringComparison.Ordinal) && Uri.TryCreate(href, UriKind.Absolute, out var uri))
        {
            throw OvfDescriptor.Unsupported(
                DescriptorPath, $"keeps a disk elsewhere, at {uri.Scheme}://{uri.Host}", "Download the disk into the package and name it there by its file name.");
        }

        name = href;
        var file = Find(href);
        if (file is null && href.Contains('%'))
        {
            name = Uri.UnescapeDataString(href);
            file = Find(name);
        }

        return file ?? throw new SourceException(V2VError.DiskImageNotFound, $"{DescriptorPath} names the file {href}, which the package does not have.")
        {
            Path = DescriptorPath,
            Format = OvfDescriptor.Format,
            Advice = "Copy the missing file beside the descriptor, or export the guest again.",
        };
    }
}
