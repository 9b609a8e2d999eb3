using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Sources.Ovf;

/// <summary>A file of the package, from the References section.</summary>
/// <param name="Href">Its name, relative to the descriptor.</param>
/// <param name="Compression">"gzip"; null when stored as it is.</param>
/// <param name="IsChunked">Split into files numbered .000000000 and up.</param>
internal sealed record OvfFile(string Href, string? Compression, bool IsChunked);

/// <summary>A virtual disk, from the DiskSection.</summary>
/// <param name="File">Where its contents are; null for a disk that starts empty.</param>
/// <param name="Capacity">Size in bytes; null when it is not told or makes no sense.</param>
/// <param name="Format">URI of the image's format.</param>
/// <param name="IsDelta">Holds only what differs from another disk.</param>
internal sealed record OvfDisk(OvfFile? File, long? Capacity, string? Format, bool IsDelta);

/// <summary>An OVF descriptor (DSP0243): the envelope's sections that a conversion needs, and the one virtual system in it.</summary>
internal sealed class OvfDescriptor
{
    public const string Format = "OVF";

    private OvfDescriptor(string path, XElement system, XElement hardware, IReadOnlyList<OvfItem> items, IReadOnlyDictionary<string, OvfDisk> disks)
    {
        Path = path;
        System = system;
        Hardware = hardware;
        Items = items;
        Disks = disks;
    }

    public string Path { get; }

    /// <summary>The VirtualSystem element.</summary>
    public XElement System { get; }

    /// <summary>Its VirtualHardwareSection.</summary>
    public XElement Hardware { get; }

    /// <summary>The items of the default configuration, in the document's order.</summary>
    public IReadOnlyList<OvfItem> Items { get; }

    /// <summary>By diskId.</summary>
    public IReadOnlyDictionary<string, OvfDisk> Disks { get; }

    public static bool IsEnvelope(XName? root) => root?.LocalName == "Envelope" && root.NamespaceName is OvfXml.Envelope1 or OvfXml.Envelope2;

    public static OvfDescriptor Parse(string path, byte[] content)
    {
        var envelope = DescriptorXml.Load(path, content, Format);
        if (!IsEnvelope(envelope.Name))
        {
            throw envelope.Name.LocalName == "Envelope"
                ? Unsupported(path, $"is of the unknown OVF version {envelope.Name.NamespaceName}", "Export the guest as OVF 1.x.")
                : Invalid(path, $"has the root element {envelope.Name.LocalName} instead of Envelope.");
        }

        if (envelope.Elements().Any(e => e.Name.NamespaceName.StartsWith("http://www.w3.org/2001/04/xmlenc", StringComparison.Ordinal)))
        {
            throw Unsupported(path, "describes an encrypted package", "Export the guest without encryption.");
        }

        var system = SingleSystem(path, envelope);
        var hardware = system.Child("VirtualHardwareSection") ?? throw Invalid(path, "has no VirtualHardwareSection.");
        return new OvfDescriptor(path, system, hardware, ReadItems(hardware, DefaultConfiguration(envelope)), ReadDisks(path, envelope));
    }

    public static SourceException Invalid(string path, string what) =>
        new(V2VError.SourceInvalid, $"{path} {what}") { Path = path, Format = Format, Advice = "Export the guest again." };

    public static SourceException Unsupported(string path, string what, string advice) =>
        new(V2VError.SourceUnsupported, $"{path} {what}, which is not supported.") { Path = path, Format = Format, Advice = advice };

    private static XElement SingleSystem(string path, XElement envelope)
    {
        var systems = envelope.Descendants().Where(e => e.Name.LocalName == "VirtualSystem").Take(2).ToList();
        return systems.Count switch
        {
            0 => throw Invalid(path, "describes no virtual system."),
            1 => systems[0],
            _ => throw Unsupported(path, "describes several virtual systems (a vApp)", "Export each guest on its own."),
        };
    }

    /// <summary>DSP0243, section 9.8: the configuration marked as default, or else the first.</summary>
    private static string? DefaultConfiguration(XElement envelope)
    {
        var configurations = envelope.Child("DeploymentOptionSection")?.Children("Configuration").ToList() ?? [];
        return (configurations.Find(c => OvfXml.IsTrue(c.AttributeText("default"))) ?? configurations.FirstOrDefault())?.AttributeText("id");
    }

    private static List<OvfItem> ReadItems(XElement hardware, string? configuration)
    {
        var items = hardware.Elements()
            .Where(e => e.Name.LocalName is "Item" or "StorageItem" or "EthernetPortItem")
            .Select(e => new OvfItem(e))
            .Where(item => !item.IsBound && (item.Configurations.Length == 0 || item.Configurations.Contains(configuration)))
            .ToList();
        // An item for the configuration takes the place of the general one with its InstanceID.
        var special = items.Where(i => i.Configurations.Length > 0 && i.InstanceId is not null).Select(i => i.InstanceId).ToHashSet();
        items.RemoveAll(i => i.Configurations.Length == 0 && i.InstanceId is not null && special.Contains(i.InstanceId));
        return items;
    }

    private static Dictionary<string, OvfDisk> ReadDisks(string path, XElement envelope)
    {
        var files = new Dictionary<string, OvfFile>(StringComparer.Ordinal);
        foreach (var file in envelope.Child("References")?.Children("File") ?? [])
        {
            if (file.AttributeText("id") is { } id && file.AttributeText("href") is { } href)
            {
                var compression = file.AttributeText("compression");
                files[id] = new OvfFile(href, compression == "identity" ? null : compression, file.AttributeText("chunkSize") is not null);
            }
        }

        var disks = new Dictionary<string, OvfDisk>(StringComparer.Ordinal);
        foreach (var disk in envelope.Child("DiskSection")?.Children("Disk") ?? [])
        {
            if (disk.AttributeText("diskId") is not { } id)
            {
                continue;
            }

            var reference = disk.AttributeText("fileRef");
            OvfFile? file = null;
            if (reference is not null && !files.TryGetValue(reference, out file))
            {
                throw Invalid(path, $"names the file \"{reference}\" for the disk \"{id}\", but does not list it.");
            }

            disks[id] = new OvfDisk(file, Capacity(disk), disk.AttributeText("format"), disk.AttributeText("parentRef") is not null);
        }

        return disks;
    }

    /// <summary>DSP0243, section 9.1: a number of units, which are bytes unless told otherwise.</summary>
    private static long? Capacity(XElement disk)
    {
        var unit = disk.AttributeText("capacityAllocationUnits") is { } units ? OvfUnits.Parse(units) : 1;
        return unit is not null && long.TryParse(disk.AttributeText("capacity"), NumberStyles.None, CultureInfo.InvariantCulture, out var quantity)
            ? OvfUnits.ToBytes(quantity, unit.Value)
            : null;
    }
}
