using V2V.Engine.Disks.Transports.ReadAhead;

namespace V2V.Engine.Disks.Transports.Nbd;

/// <summary>Disks that an NBD server exports (qemu-nbd, nbdkit and others), over TCP or a Unix domain socket, plain or encrypted.</summary>
internal static class NbdTransport
{
    public static RemoteFile Locate(Uri uri, RemoteAccess access)
    {
        NbdUri target = NbdUri.Parse(uri);
        return new RemoteFile(new Server(target, access), target.Export);
    }

    /// <summary>A server and its exports. Those that it does not want to be found cannot be listed, so none are.</summary>
    private sealed class Server(NbdUri target, RemoteAccess access) : FileStore
    {
        public override string PathOf(string name) => target.PathOf(name);

        public override DiskFile? Open(string name) =>
            NbdFile.Open(target with { Export = name }, access) is { } file ? ReadAheadFile.Over(file) : null;

        public override IEnumerable<string> Names(string folder) => [];
    }
}
