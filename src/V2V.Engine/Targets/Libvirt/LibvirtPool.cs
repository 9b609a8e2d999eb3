using System.Globalization;
using System.Xml.Linq;
using V2V.Engine.Native.Libvirt;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>The storage pool that the disks go into: one whose volumes are files in a folder of this host.</summary>
internal sealed class LibvirtPool : IDisposable
{
    private static readonly string[] SupportedTypes = ["dir", "fs", "netfs"];

    private readonly StoragePoolHandle _handle;
    private readonly string _name;

    private LibvirtPool(StoragePoolHandle handle, string name, string folder)
    {
        _handle = handle;
        _name = name;
        Folder = folder;
    }

    /// <summary>Where the volumes are.</summary>
    public string Folder { get; }

    /// <exception cref="TargetException">There is no such pool, it is not active, or its volumes are no files that can be written here.</exception>
    public static LibvirtPool Open(ConnectHandle connect, string uri, string name)
    {
        var handle = VirStoragePoolLookupByName.Call(connect, name)
            ?? throw Unusable(V2VError.TargetUnavailable, uri, name, "does not exist", "Choose one from 'virsh pool-list --all', or define it.");
        try
        {
            if (VirStoragePoolGetInfo.Call(handle, name).State != VirStoragePoolState.Running)
            {
                throw Unusable(V2VError.TargetUnavailable, uri, name, "is not active", $"Start it: virsh pool-start {name}");
            }

            var xml = XElement.Parse(VirStoragePoolGetXMLDesc.Call(handle, name));
            var type = (string?)xml.Attribute("type") ?? "";
            if (!SupportedTypes.Contains(type))
            {
                throw Unusable(
                    V2VError.TargetUnsupported, uri, name, $"is of the type {type}, which is not supported yet",
                    $"Choose a pool of the type {string.Join(", ", SupportedTypes)}.");
            }

            var folder = (string?)xml.Element("target")?.Element("path");
            if (folder is null || !System.IO.Directory.Exists(folder))
            {
                throw Unusable(
                    V2VError.TargetUnavailable, uri, name, $"has its volumes in {folder ?? "no folder"}, which this process cannot see",
                    "Run on the host that has the pool, as a user who may enter the folder.");
            }

            return new LibvirtPool(handle, name, folder);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public string PathOf(string volume) => Path.Combine(Folder, volume);

    public bool Contains(string volume)
    {
        if (File.Exists(PathOf(volume)))
        {
            return true;
        }

        using var found = VirStorageVolLookupByName.Call(_handle, volume);
        return found is not null;
    }

    public long FreeBytes => FolderAccess.FreeBytes(Folder) ?? (long)Math.Min(VirStoragePoolGetInfo.Call(_handle, _name).Available, long.MaxValue);

    /// <summary>Makes an empty volume and returns its path.</summary>
    public string Create(string volume, ImageFormat format, long capacity)
    {
        var xml = new XElement("volume",
            new XElement("name", volume),
            new XElement("capacity", new XAttribute("unit", "bytes"), capacity),
            new XElement("allocation", new XAttribute("unit", "bytes"), 0),
            new XElement("target",
                new XElement("format", new XAttribute("type", format == ImageFormat.Qcow2 ? "qcow2" : "raw")),
                Permissions()));
        using var created = VirStorageVolCreateXML.Call(_handle, volume, xml.ToString());
        return VirStorageVolGetPath.Call(created, volume);
    }

    public void Delete(string volume)
    {
        using var found = VirStorageVolLookupByName.Call(_handle, volume);
        if (found is not null)
        {
            VirStorageVolDelete.Call(found, volume);
        }
    }

    public void Refresh() => VirStoragePoolRefresh.Call(_handle, _name);

    public void Dispose() => _handle.Dispose();

    /// <summary>
    /// A system libvirt makes files for root. A user who is not root but may manage it asks for a file of his own, so that the contents can be
    /// written; libvirt hands it over to QEMU when the guest starts.
    /// </summary>
    private static XElement? Permissions()
    {
        if (Environment.IsPrivilegedProcess || !OperatingSystem.IsLinux())
        {
            return null;
        }

        return new XElement("permissions",
            new XElement("mode", "0600"), new XElement("owner", EffectiveId("Uid:")), new XElement("group", EffectiveId("Gid:")));
    }

    /// <summary>proc(5), /proc/pid/status: real, effective, saved and file system id.</summary>
    private static int EffectiveId(string field) =>
        int.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith(field, StringComparison.Ordinal)).Split('\t')[2], CultureInfo.InvariantCulture);

    private static TargetException Unusable(V2VError error, string uri, string name, string what, string advice) =>
        new(error, $"The storage pool {name} at {uri} {what}.") { Path = name, Advice = advice };
}
