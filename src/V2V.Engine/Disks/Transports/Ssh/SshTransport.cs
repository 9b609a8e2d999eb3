namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>Files on hosts that run an SSH server with SFTP: ESXi, Xen, any Linux host.</summary>
internal static class SshTransport
{
    public static readonly string[] Schemes = ["ssh", "sftp"];

    /// <summary>The store's top is the folder of the file that the URI names.</summary>
    public static RemoteFile Locate(Uri uri, RemoteAccess access)
    {
        (SshAddress address, string path) = SshAddress.Parse(uri, access);
        int folder = path.LastIndexOf('/');
        return new RemoteFile(new SftpStore(address, path[..folder], access), path[(folder + 1)..]);
    }
}
