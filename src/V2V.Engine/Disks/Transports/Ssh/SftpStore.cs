using Renci.SshNet.Common;
using Renci.SshNet.Sftp;
using V2V.Engine.Disks.Transports.ReadAhead;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>
/// A folder on an SSH host and what is below it. No name leads out of it; symbolic links are followed by the server, which has the
/// account's rights and no others. So what a descriptor can reach is the folder, and what those who may write there have linked into it.
/// </summary>
/// <param name="address">The account.</param>
/// <param name="folder">The folder's absolute path without a '/' at its end; "" is the host's root.</param>
/// <param name="access">How to log in.</param>
internal sealed class SftpStore(SshAddress address, string folder, RemoteAccess access) : FileStore
{
    // A datastore's folder holds tens of files. The bound keeps an endless listing from filling memory.
    private const int MaximumNames = 10_000;

    public override string PathOf(string name) => address.UriOf(ServerPath(name));

    public override DiskFile? Open(string name)
    {
        SshHost host = SshHost.Acquire(address, access);
        try
        {
            if (SftpFile.Open(host, this, name, ServerPath(name)) is { } file)
            {
                return ReadAheadFile.Over(file);
            }
        }
        catch
        {
            host.Release();
            throw;
        }

        host.Release();
        return null;
    }

    public override IEnumerable<string> Names(string folder)
    {
        SshHost host = SshHost.Acquire(address, access);
        try
        {
            string prefix = folder.Length == 0 ? "" : folder + "/";
            return host.Run(link => List(link, ServerPath(folder))).Select(n => prefix + n);
        }
        catch (SftpPathNotFoundException)
        {
            return [];
        }
        catch (SftpException e)
        {
            throw SshFault.ReadFailed(PathOf(folder), "cannot be listed", e);
        }
        finally
        {
            host.Release();
        }
    }

    private string ServerPath(string name) => name.Length == 0 ? (folder.Length == 0 ? "/" : folder) : $"{folder}/{name}";

    private static List<string> List(SshLink link, string path)
    {
        var names = new List<string>();
        var listing = link.Sftp.ListDirectoryAsync(path, CancellationToken.None).GetAsyncEnumerator();
        try
        {
            while (names.Count < MaximumNames && listing.MoveNextAsync().AsTask().GetAwaiter().GetResult())
            {
                ISftpFile entry = listing.Current;
                if ((entry.IsRegularFile || entry.IsSymbolicLink) && !entry.Name.Contains('/', StringComparison.Ordinal))
                {
                    names.Add(entry.Name);
                }
            }
        }
        finally
        {
            listing.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        return names;
    }
}
