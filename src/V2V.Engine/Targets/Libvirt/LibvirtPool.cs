using System.Globalization;
using System.Xml.Linq;
using V2V.Engine.Native.Libvirt;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>What the volumes of a pool are.</summary>
internal enum PoolKind
{
    /// <summary>Files in a folder, of any format.</summary>
    Files,

    /// <summary>Block devices, whose contents are raw.</summary>
    BlockDevices,

    /// <summary>Objects that only QEMU and libvirt reach, over the network.</summary>
    Network,
}

/// <summary>The storage pool that the disks go into.</summary>
internal sealed class LibvirtPool : IDisposable
{
    /// <summary>More volumes of one name than anybody has replaced.</summary>
    private const int MaximumNames = 1000;

    private readonly StoragePoolHandle _handle;
    private readonly XElement _xml;
    private readonly bool _isLocal;

    private LibvirtPool(ConnectHandle connection, string uri, StoragePoolHandle handle, string name, XElement xml, bool isLocal)
    {
        Connection = connection;
        _handle = handle;
        _xml = xml;
        _isLocal = isLocal;
        Uri = uri;
        Name = name;
    }

    public ConnectHandle Connection { get; }

    /// <summary>The connection's URI.</summary>
    public string Uri { get; }

    public string Name { get; }

    /// <summary>"dir", "logical", ... (formatstorage).</summary>
    public string Type => (string?)_xml.Attribute("type") ?? "";

    public PoolKind Kind => Type switch
    {
        "logical" or "disk" or "iscsi" or "iscsi-direct" or "scsi" or "mpath" or "zfs" => PoolKind.BlockDevices,
        "rbd" or "sheepdog" or "gluster" => PoolKind.Network,
        _ => PoolKind.Files,
    };

    /// <summary>The folder of this host that has the volumes; null for pools on other hosts and those without files.</summary>
    public string? Folder => IsHere && Kind == PoolKind.Files && TargetPath is { } path && System.IO.Directory.Exists(path) ? path : null;

    /// <summary>Whether the volumes' paths are paths of this host.</summary>
    public bool IsHere => _isLocal && Kind != PoolKind.Network;

    public long FreeBytes => (Folder is { } folder ? FolderAccess.FreeBytes(folder) : null)
        ?? (long)Math.Min(VirStoragePoolGetInfo.Call(_handle, Name).Available, long.MaxValue);

    private string? TargetPath => (string?)_xml.Element("target")?.Element("path");

    /// <param name="connect">The connection, which stays the caller's.</param>
    /// <param name="uri">Its URI, for messages.</param>
    /// <param name="name">The pool's name.</param>
    /// <param name="isLocal">Whether libvirt runs on this host.</param>
    /// <exception cref="TargetException">There is no such pool, or it is not active.</exception>
    public static LibvirtPool Open(ConnectHandle connect, string uri, string name, bool isLocal)
    {
        var handle = VirStoragePoolLookupByName.Call(connect, name)
            ?? throw Unusable(uri, name, "does not exist", "Choose one from 'virsh pool-list --all', or define it.");
        try
        {
            return VirStoragePoolGetInfo.Call(handle, name).State == VirStoragePoolState.Running
                ? new LibvirtPool(connect, uri, handle, name, XElement.Parse(VirStoragePoolGetXMLDesc.Call(handle, name)), isLocal)
                : throw Unusable(uri, name, "is not active", $"Start it: virsh pool-start {name}");
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public bool Contains(string volume)
    {
        if (Folder is { } folder && File.Exists(Path.Combine(folder, volume)))
        {
            return true;
        }

        using var found = VirStorageVolLookupByName.Call(_handle, volume);
        return found is not null;
    }

    /// <summary>A name that no volume has: the one that is wanted, or one like it with a number.</summary>
    public string FreeName(string wanted)
    {
        // Partitions have the names that the kernel gives them: the device's with the lowest free number.
        var device = Type == "disk" ? Path.GetFileName((string?)_xml.Element("source")?.Element("device")?.Attribute("path") ?? "") : "";
        IEnumerable<string> numbered = Enumerable.Range(1, MaximumNames).Select(n => device.Length == 0
            ? $"{Path.GetFileNameWithoutExtension(wanted)}.{n}{Path.GetExtension(wanted)}"
            : $"{device}{(char.IsAsciiDigit(device[^1]) ? "p" : "")}{n}");
        return (device.Length == 0 ? numbered.Prepend(wanted) : numbered).FirstOrDefault(n => !Contains(n))
            ?? throw new TargetException(V2VError.TargetExists, $"The pool {Name} has {MaximumNames} volumes of names like {wanted}.")
            {
                Path = Name,
                Advice = "Delete those that nothing uses, or choose another name.",
            };
    }

    /// <summary>Makes an empty volume.</summary>
    public StorageVolHandle Create(string name, TargetDiskRequest request)
    {
        // What a file holds is written by V2V from its first byte on, so that libvirt has to make nothing but the file.
        var xml = new XElement("volume",
            new XElement("name", name),
            new XElement("capacity", new XAttribute("unit", "bytes"), Kind == PoolKind.Files ? 0 : request.Capacity),
            new XElement("allocation", new XAttribute("unit", "bytes"), Kind == PoolKind.BlockDevices ? request.Capacity : 0),
            new XElement("target",
                Kind == PoolKind.Files ? new XElement("format", new XAttribute("type", "raw")) : null,
                Permissions()));
        return VirStorageVolCreateXML.Call(_handle, name, xml.ToString());
    }

    public void Delete(string volume)
    {
        using var found = VirStorageVolLookupByName.Call(_handle, volume);
        if (found is not null)
        {
            VirStorageVolDelete.Call(found, volume);
        }
    }

    public void Refresh() => VirStoragePoolRefresh.Call(_handle, Name);

    public void Dispose() => _handle.Dispose();

    /// <summary>
    /// A system libvirt makes files for root. A user who is not root but may manage it asks for a file of his own, so that the contents can be
    /// written; libvirt hands it over to QEMU when the guest starts.
    /// </summary>
    private XElement? Permissions()
    {
        if (!IsHere || Kind != PoolKind.Files || Environment.IsPrivilegedProcess || !OperatingSystem.IsLinux())
        {
            return null;
        }

        return new XElement("permissions",
            new XElement("mode", "0600"), new XElement("owner", EffectiveId("Uid:")), new XElement("group", EffectiveId("Gid:")));
    }

    /// <summary>proc(5), /proc/pid/status: real, effective, saved and file system id.</summary>
    private static int EffectiveId(string field) =>
        int.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith(field, StringComparison.Ordinal)).Split('\t')[2], CultureInfo.InvariantCulture);

    private static TargetException Unusable(string uri, string name, string what, string advice) =>
        new(V2VError.TargetUnavailable, $"The storage pool {name} at {uri} {what}.") { Path = name, Advice = advice };
}
