using System.Text;
using V2V.Engine.Native.Libvirt;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>The storage pools of a connection, and the volumes in them.</summary>
internal sealed class LibvirtPools(LibvirtConnection connection, CancellationToken cancellation)
{
    /// <summary>Pools whose folder holds disk images or logical volumes and nothing else; "disk" pools have all of /dev.</summary>
    private static readonly string[] WithFolders = ["dir", "fs", "netfs", "logical"];

    private IReadOnlyList<string>? _folders;

    /// <summary>The folders of the active pools: where the host's administrator says that disk images are.</summary>
    public IReadOnlyList<string> Folders => _folders ??= connection.Call(ListFolders, cancellation);

    /// <summary>Looks a volume up by its path; null when no active pool has it.</summary>
    public static StorageVolHandle? Find(ConnectHandle connect, string path) => VirStorageVolLookupByPath.Call(connect, path);

    /// <exception cref="SourceException">There is no such pool or volume.</exception>
    public static StorageVolHandle Find(ConnectHandle connect, string uri, string pool, string volume)
    {
        using var found = VirStoragePoolLookupByName.Call(connect, pool)
            ?? throw NotFound(uri, $"There is no storage pool {pool} at {uri}.");
        return VirStorageVolLookupByName.Call(found, volume)
            ?? throw NotFound(uri, $"The storage pool {pool} at {uri} has no volume {volume}.", $"If it is new, let the pool look again: virsh -c {uri} pool-refresh {pool}");
    }

    private IReadOnlyList<string> ListFolders(ConnectHandle connect)
    {
        List<string> folders = [];
        try
        {
            foreach (var handle in VirConnectListAllStoragePools.Call(connect, connection.Uri.Text))
            {
                using var pool = handle;
                var xml = VirStoragePoolGetXMLDesc.Call(pool, "");
                var description = DescriptorXml.Load(connection.Uri.Text, Encoding.UTF8.GetBytes(xml), "libvirt storage pool");
                if (WithFolders.Contains(description.AttributeText("type")) && description.Child("target")?.ChildText("path") is { } folder
                    && Path.IsPathRooted(folder))
                {
                    folders.Add(folder);
                }
            }
        }
        catch (LibvirtException) when (VirConnectIsAlive.Call(connect))
        {
            // Drivers without storage, and users who may not look at it: then there are no such folders.
        }

        return folders;
    }

    private static SourceException NotFound(string uri, string what, string? advice = null) => new(V2VError.DiskImageNotFound, what) { Path = uri, Advice = advice };
}
