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
    public override bool Recognises(string path)
    {
        var head = DescriptorFile.ReadHead(path);
        if (!UnsupportedSources.Contains(path, head))
        {
            return true;
        }

        // A VMDK's descriptor is a text too.
        using var file = HostFile.Open(path);
        return file.Length > 0 && DiskFormat.Probe(file).Name == "vmdk";
    }

    public override IReadOnlyList<SourceGuest> Read(string path, SourceOptions options, CancellationToken cancellation) => [FromDisks([path], name: null)];

    /// <summary>A guest made of disk images, in the order in which its firmware sees them.</summary>
    /// <param name="disks">Paths of the images.</param>
    /// <param name="name">Name of the guest; null takes that of the first image's file.</param>
    /// <exception cref="DiskImageException">An image is missing, damaged or of an unsupported format.</exception>
    public static SourceGuest FromDisks(IReadOnlyList<string> disks, string? name)
    {
        ArgumentNullException.ThrowIfNull(disks);
        ArgumentOutOfRangeException.ThrowIfZero(disks.Count);
        List<Concern> concerns = [];
        var read = disks.Select(path => SourceDisks.FromFile(() => HostFile.Open(path), DiskController.Unknown, model: null, concerns)).ToList();
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
