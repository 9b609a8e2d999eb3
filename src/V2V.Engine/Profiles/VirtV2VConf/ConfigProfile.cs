using System.Xml.Linq;

namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>A profile element, with its texts as they are.</summary>
/// <param name="Name">Null when it has none.</param>
/// <param name="Method">"libvirt" or "rhev".</param>
/// <param name="Storage">A pool's name, or HOST:/PATH of an export domain.</param>
/// <param name="Format">"raw" or "qcow2".</param>
/// <param name="Allocation">"sparse" or "preallocated".</param>
/// <param name="Networks">Its mappings, which come before those at the top level.</param>
internal sealed record ConfigProfile(
    string? Name, string? Method, string? Storage, string? Format, string? Allocation, IReadOnlyList<ConfigNetwork> Networks)
{
    public static ConfigProfile Read(XElement element)
    {
        var storage = element.Element("storage");
        return new ConfigProfile(
            ConfigXml.Attribute(element, "name"),
            ConfigXml.Text(element.Element("method")),
            ConfigXml.Text(storage),
            storage is null ? null : ConfigXml.Attribute(storage, "format"),
            storage is null ? null : ConfigXml.Attribute(storage, "allocation"),
            [.. element.Elements("network").Select(ConfigNetwork.Read)]);
    }
}
