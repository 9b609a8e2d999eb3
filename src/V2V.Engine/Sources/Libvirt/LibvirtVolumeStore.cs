using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.ReadAhead;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>
/// The volumes of a connection's storage pools, by their paths. An image may name another one by its path anywhere in them: libvirt's own
/// snapshots do, and what is in a pool is there to be a disk.
/// </summary>
internal sealed class LibvirtVolumeStore(LibvirtConnection connection) : FileStore
{
    public override string PathOf(string name) => $"{connection.Uri.Text}!/{name}";

    public override DiskFile? Open(string name)
    {
        // Looked up first, since a file that is not there is no error here.
        using var hold = connection.Hold();
        return connection.Call(connect =>
        {
            using var found = LibvirtPools.Find(connect, $"/{name}");
            return found is not null;
        }, CancellationToken.None)
            ? Open(name, $"/{name}")
            : null;
    }

    /// <summary>Opens the volume at a path, which need not be one of a file system.</summary>
    public DiskFile Open(string name, string path) => ReadAheadFile.Over(new LibvirtVolumeFile(
        connection,
        connect => LibvirtPools.Find(connect, path)
            ?? throw new LibvirtException(V2VError.LibvirtFailed, $"There is no longer a volume {name} at {connection.Uri.Text}.") { Path = PathOf(name) },
        this));

    internal override string? Resolve(string referrer, string reference) =>
        reference.StartsWith('/') ? StoreName.Resolve("", reference.TrimStart('/')) : base.Resolve(referrer, reference);

    /// <summary>Images of the formats that libvirt's hypervisors chain name their parents; none has to be searched for.</summary>
    public override IEnumerable<string> Names(string folder) => [];
}
