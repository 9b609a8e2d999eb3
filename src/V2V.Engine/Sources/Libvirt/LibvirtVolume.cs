using System.Globalization;
using System.Xml.Linq;
using V2V.Engine.Native.Libvirt;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>What libvirt tells of a storage volume (https://libvirt.org/formatstorage.html).</summary>
/// <param name="Path">Where it is on its host; of what lies in no folder, such as "rbd/web", a name.</param>
/// <param name="IsFile">False for block devices and for volumes that only QEMU can open.</param>
/// <param name="IsLocal">Whether the path is one of the host's files or devices at all.</param>
/// <param name="Format">"raw", "qcow2"; null when the pool knows no formats.</param>
/// <param name="Length">Bytes that a download gives.</param>
/// <param name="Allocation">Bytes that it takes in its pool.</param>
internal sealed record LibvirtVolume(string Path, bool IsFile, bool IsLocal, string? Format, long Length, long Allocation)
{
    public static LibvirtVolume Describe(StorageVolHandle volume, string name)
    {
        var path = VirStorageVolGetPath.Call(volume, name);
        var xml = VirStorageVolGetXMLDesc.Call(volume, path);
        var description = DescriptorXml.Load(path, System.Text.Encoding.UTF8.GetBytes(xml), "libvirt volume");
        var capacity = Bytes(description, "capacity") ?? 0;
        var type = description.AttributeText("type") ?? "file";
        return new LibvirtVolume(
            path,
            IsFile: type == "file",
            IsLocal: type is "file" or "block",
            description.Child("target")?.Child("format")?.AttributeText("type"),
            // The capacity is what the guest sees; only libvirt before 3.0 has no word for the file's own size.
            Bytes(description, "physical") ?? capacity,
            Bytes(description, "allocation") ?? capacity);
    }

    private static long? Bytes(XElement description, string name) =>
        description.Child(name) is { } element && long.TryParse(element.Value.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : null;
}
