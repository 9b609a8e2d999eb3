using System.Xml.Linq;

namespace V2V.Engine.Sources.VirtualBox;

/// <param name="Location">Path of the image's file, as the registry has it.</param>
/// <param name="Format">V2V's name of the format.</param>
internal sealed record VirtualBoxMedium(string Location, string Format);

/// <summary>
/// The hard disk images that a machine knows, by id. Those of a chain of snapshots are nested, each in the one that it builds upon; what a
/// machine uses is the innermost.
/// </summary>
internal sealed class VirtualBoxMedia
{
    private readonly string _path;
    private readonly Dictionary<Guid, XElement> _media = [];

    public VirtualBoxMedia(string path, XElement machine)
    {
        _path = path;
        var registry = machine.Child("MediaRegistry")?.Child("HardDisks");
        foreach (var medium in registry?.Descendants().Where(e => e.Name.LocalName == "HardDisk") ?? [])
        {
            if (Guid.TryParse(medium.AttributeText("uuid"), out var id))
            {
                _media.TryAdd(id, medium);
            }
        }
    }

    /// <exception cref="SourceException">The registry does not know the image, or it cannot be read.</exception>
    public VirtualBoxMedium Find(string? uuid, string where)
    {
        if (!Guid.TryParse(uuid, out var id))
        {
            throw VirtualBoxSource.Invalid(_path, $"attaches an image without an id to {where}.");
        }

        // Versions before 4.0 kept all images in one list, apart from the machines.
        if (!_media.TryGetValue(id, out var medium))
        {
            throw VirtualBoxSource.Unsupported(
                _path, $"attaches the image {id} to {where}, and does not say where it is.", "Convert the guest's disk images instead, or let a current VirtualBox save the machine first.");
        }

        if (medium.AncestorsAndSelf().Any(e => e.Children("Property").Any(p => p.AttributeText("name")?.StartsWith("CRYPT/", StringComparison.Ordinal) == true)))
        {
            throw VirtualBoxSource.Unsupported(
                _path, $"attaches an encrypted image ({medium.AttributeText("location")}) to {where}.", "Remove the encryption with 'VBoxManage encryptmedium', then convert the guest.");
        }

        var location = medium.AttributeText("location") ?? throw VirtualBoxSource.Invalid(_path, $"does not say where the image {id} is.");
        return new VirtualBoxMedium(location, Format(medium, location, where));
    }

    private string Format(XElement medium, string location, string where) => medium.AttributeText("format")?.ToUpperInvariant() switch
    {
        "VDI" => "vdi",
        "VMDK" => "vmdk",
        "VHD" => "vhd",
        "VHDX" => "vhdx",
        "PARALLELS" => "parallels",
        "RAW" => "raw",
        "QCOW" => "qcow2",
        _ => throw VirtualBoxSource.Unsupported(
            _path, $"attaches {location} of the format {medium.AttributeText("format") ?? "(none)"} to {where}, which cannot be read.", "Clone it with 'VBoxManage clonemedium --format VDI', and attach the clone."),
    };
}
