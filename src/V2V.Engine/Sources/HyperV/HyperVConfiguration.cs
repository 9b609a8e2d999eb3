using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Sources.HyperV;

/// <summary>A virtual device of a machine.</summary>
/// <param name="Type">Which kind of device.</param>
/// <param name="Name">Hyper-V's name of that kind: "Synthetic SCSI Controller".</param>
/// <param name="Settings">What is set for this one; null when nothing is.</param>
internal sealed record HyperVDevice(Guid Type, string? Name, XElement? Settings);

/// <summary>
/// The settings of a machine as Hyper-V keeps them: a tree of named values, which has the same names in the XML of Server 2008 to 2012 R2 and in
/// the .vmcx files since. The settings of a device stand in an element that is called after it, "_83f8638b-8dca-4152-9eda-2ca8b33039b4_".
/// </summary>
internal sealed class HyperVConfiguration(string path, XElement root)
{
    public const string RootName = "configuration";

    private const int MaximumDevices = 1024;

    private static readonly string[] s_parts = ["global_settings", "manifest", "properties", "savedstate", "settings"];

    public string Path => path;

    /// <summary>The devices, in the order in which they were added.</summary>
    public IReadOnlyList<HyperVDevice> Devices { get; } = ReadDevices(root);

    /// <summary>Whether an element directly below the root can only be of such settings: other programs call their root "configuration" too.</summary>
    public static bool IsPart(string name) => s_parts.Contains(name) || DeviceId(name) is not null;

    public IEnumerable<HyperVDevice> OfType(Guid type) => Devices.Where(d => d.Type == type);

    /// <summary>The value at a place in the tree; null when there is none or it is empty.</summary>
    public string? Text(params ReadOnlySpan<string> names) => Text(root, names);

    public long? Number(params ReadOnlySpan<string> names) => Number(root, names);

    public static string? Text(XElement? element, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            element = element?.Child(name);
        }

        return string.IsNullOrWhiteSpace(element?.Value) ? null : element.Value.Trim();
    }

    public static long? Number(XElement? element, params ReadOnlySpan<string> names) =>
        long.TryParse(Text(element, names), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>"True" as Hyper-V writes it; null when nothing is set.</summary>
    public static bool? Boolean(XElement? element, params ReadOnlySpan<string> names) =>
        Text(element, names) is { } text ? text.Equals("true", StringComparison.OrdinalIgnoreCase) || text == "1" : null;

    /// <summary>The number behind a name: 3 for "vdev003", "drive3"; null for other names.</summary>
    public static int? Index(XElement element, string name) =>
        element.Name.LocalName.StartsWith(name, StringComparison.Ordinal)
        && short.TryParse(element.Name.LocalName.AsSpan(name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;

    private static List<HyperVDevice> ReadDevices(XElement root)
    {
        Dictionary<Guid, XElement> settings = [];
        foreach (var element in root.Elements())
        {
            if (DeviceId(element.Name.LocalName) is { } id)
            {
                settings.TryAdd(id, element);
            }
        }

        List<HyperVDevice> devices = [];
        foreach (var entry in (root.Child("manifest")?.Elements() ?? []).Where(e => Index(e, "vdev") is not null).OrderBy(e => Index(e, "vdev")).Take(MaximumDevices))
        {
            if (Guid.TryParse(Text(entry, "device"), out var type))
            {
                var instance = Guid.TryParse(Text(entry, "instance"), out var id) ? id : type;
                settings.Remove(instance, out var own);
                devices.Add(new HyperVDevice(type, Text(entry, "name"), own));
            }
        }

        // What every machine has once, such as the BIOS and the IDE controllers, need not be listed: device and kind are one then.
        devices.AddRange(settings.OrderBy(s => s.Key).Take(MaximumDevices).Select(s => new HyperVDevice(s.Key, Name: null, s.Value)));
        return devices;
    }

    private static Guid? DeviceId(string name) =>
        name.Length == 38 && name[0] == '_' && name[^1] == '_' && Guid.TryParseExact(name[1..^1], "D", out var id) ? id : null;
}
