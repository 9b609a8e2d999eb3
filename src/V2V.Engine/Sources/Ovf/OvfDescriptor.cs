using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Sources.Ovf;

/// <summary>One virtual system of an OVF descriptor (DSP0243), with the envelope's sections that a conversion needs.</summary>
internal sealed class OvfDescriptor
{
    public const string Format = "OVF";

    /// <summary>A vApp of more guests than this is a trap.</summary>
    private const int MaximumSystems = 1000;

    private OvfDescriptor(string path, XElement system, IReadOnlyList<OvfItem> items, IReadOnlyDictionary<string, OvfDisk> disks, IReadOnlyDictionary<string, OvfFile> files)
    {
        Path = path;
        System = system;
        Hardware = HardwareOf(path, system);
        Items = items;
        Disks = disks;
        Files = files;
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

    /// <summary>By the ids of the References section.</summary>
    public IReadOnlyDictionary<string, OvfFile> Files { get; }

    /// <summary>Every virtual system of a descriptor, in the document's order, however deep collections are nested.</summary>
    public static IReadOnlyList<OvfDescriptor> ParseAll(string path, byte[] content)
    {
        var envelope = DescriptorXml.Load(path, content, Format);
        if (!OvfXml.IsEnvelope(envelope.Name))
        {
            throw envelope.Name.LocalName == "Envelope"
                ? Unsupported(path, $"is of the unknown OVF version {envelope.Name.NamespaceName}", "Export the guest as OVF 1.x.")
                : Invalid(path, $"has the root element {envelope.Name.LocalName} instead of Envelope.");
        }

        if (envelope.Elements().Any(e => e.Name.NamespaceName.StartsWith("http://www.w3.org/2001/04/xmlenc", StringComparison.Ordinal)))
        {
            throw Unsupported(path, "describes an encrypted package", "Export the guest without encryption.");
        }

        OvfXml.NameSections(envelope);
        var systems = envelope.Descendants().Where(e => e.Name.LocalName == "VirtualSystem").Take(MaximumSystems + 1).ToList();
        if (systems.Count is 0 or > MaximumSystems)
        {
            throw systems.Count == 0
                ? Invalid(path, "describes no virtual system.")
                : Unsupported(path, $"describes more than {MaximumSystems} virtual systems", "Export the guests one by one.");
        }

        var files = ReadFiles(envelope);
        var configuration = DefaultConfiguration(envelope);
        return
        [
            .. from system in systems
               let disks = ReadDisks(path, envelope, system, files)
               select new OvfDescriptor(path, system, ReadItems(HardwareOf(path, system), configuration), disks, files),
        ];
    }

    public static SourceException Invalid(string path, string what, string advice = "Export the guest again.") =>
        new(V2VError.SourceInvalid, $"{path} {what}") { Path = path, Format = Format, Advice = advice };

    public static SourceException Unsupported(string path, string what, string advice) =>
        new(V2VError.SourceUnsupported, $"{path} {what}, which is not supported.") { Path = path, Format = Format, Advice = advice };

    private static XElement HardwareOf(string path, XElement system) =>
        system.Child("VirtualHardwareSection") ?? throw Invalid(path, $"has no VirtualHardwareSection for {system.AttributeText("id") ?? "its virtual system"}.");

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

    private static Dictionary<string, OvfFile> ReadFiles(XElement envelope)
    {
        var files = new Dictionary<string, OvfFile>(StringComparer.Ordinal);
        foreach (var element in envelope.Child("References")?.Children("File") ?? [])
        {
            if (element.AttributeText("id") is { } id && OvfFile.Read(element) is { } file)
            {
                files[id] = file;
                // oVirt's disks name their files by the href.
                files.TryAdd(file.Href, file);
            }
        }

        return files;
    }

    private static Dictionary<string, OvfDisk> ReadDisks(string path, XElement envelope, XElement system, Dictionary<string, OvfFile> files)
    {
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

            disks[id] = new OvfDisk(
                id, file, Capacity(disk, system), disk.AttributeText("format"), disk.AttributeText("parentRef"), reference, OvfXml.IsTrue(disk.AttributeText("boot")),
                disk.AttributeText("disk-interface"));
        }

        return disks;
    }

    /// <summary>
    /// DSP0243, section 9.1: a number of units, which are bytes unless told otherwise; or "${key}", a property that has the number. oVirt gives
    /// the size in GiB.
    /// </summary>
    private static long? Capacity(XElement disk, XElement system)
    {
        var text = disk.AttributeText("capacity");
        if (text is null)
        {
            return long.TryParse(disk.AttributeText("size"), NumberStyles.None, CultureInfo.InvariantCulture, out var gibibytes)
                ? OvfUnits.ToBytes(gibibytes, 1L << 30)
                : null;
        }

        if (text.StartsWith("${", StringComparison.Ordinal) && text.EndsWith('}'))
        {
            text = system.Children("ProductSection").SelectMany(s => s.Children("Property"))
                .FirstOrDefault(p => p.AttributeText("key") == text[2..^1])?.AttributeText("value");
        }

        var unit = disk.AttributeText("capacityAllocationUnits") is { } units ? OvfUnits.Parse(units) : 1;
        return unit is not null && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var quantity)
            ? OvfUnits.ToBytes(quantity, unit.Value)
            : null;
    }
}
