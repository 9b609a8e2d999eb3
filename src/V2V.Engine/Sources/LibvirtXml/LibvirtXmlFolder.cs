using System.Xml.Linq;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Sources.Libvirt;

namespace V2V.Engine.Sources.LibvirtXml;

/// <summary>
/// The disks of a description in a file: beside it, in folders that the user allowed, or volumes of the connection that the user gives, which is held
/// from the first of them on.
/// </summary>
internal sealed class LibvirtXmlFolder(SourceFile file, SourceOptions options, CancellationToken cancellation) : LibvirtXmlStorage, IDisposable
{
    private readonly GuestFolder _folder = GuestFolder.Of(file, options);
    private LibvirtStorage? _volumes;
    private IDisposable? _hold;

    /// <summary>A description from another host does not decide to whom the user's password is sent.</summary>
    public override RemoteAccess Access => file.Store is null ? options.Remote : options.Remote with { Credential = null };

    public override IReadOnlyList<string> AllowedFolders(XElement devices) => options.AllowDiskFolders;

    public override LibvirtXmlImage FindFile(string reference, string target)
    {
        var found = _folder.FindMoved(reference);
        return found.Open is { } open
            ? new LibvirtXmlImage(file.Store is null ? RealPath.Resolve(found.Path) : found.Path, open)
            : throw new SourceException(V2VError.DiskImageNotFound, $"{file.Path} attaches {reference} as {target}, but there is no such file.")
            {
                Path = file.Path,
                Format = LibvirtXmlDomain.Format,
                Advice = $"Copy it into the folder of {file.Path}.",
            };
    }

    public override LibvirtXmlImage FindVolume(string pool, string volume, string target)
    {
        if (options.Connection is not { } uri)
        {
            throw LibvirtXmlDomain.Unsupported(
                file.Path, $"attaches the volume {volume} of the pool {pool} as {target}, and only the source host's libvirt knows where it is.",
                "Read the guest from its libvirt, with -Connection, or replace the volume in the description by the path that 'virsh vol-path' shows: "
                + "type='file' and <source file='PATH'/>.");
        }

        return (_volumes ??= Connect(uri)).FindVolume(pool, volume, target);
    }

    public void Dispose() => _hold?.Dispose();

    private LibvirtStorage Connect(string uri)
    {
        var connection = new LibvirtConnection(LibvirtUri.Parse(uri), options.Remote);
        _hold = connection.Hold();
        return new LibvirtStorage(connection, new LibvirtPools(connection, cancellation), file.Path, options, cancellation);
    }
}
