using System.Xml.Linq;

namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>A network element, the source's side of a mapping, with the one in it, the target's side.</summary>
/// <param name="Type">"bridge", "network" or "default".</param>
/// <param name="Name">Name in the source; null for a default.</param>
/// <param name="HasTarget">There is an element in it.</param>
/// <param name="TargetType">"bridge" or "network".</param>
/// <param name="TargetName">Name on the target.</param>
/// <param name="Text">The element as it is written, for messages.</param>
internal sealed record ConfigNetwork(string? Type, string? Name, bool HasTarget, string? TargetType, string? TargetName, string Text)
{
    public bool IsDefault => Type == "default";

    /// <summary>The kind of network that it is for; null for a default and for what is no kind.</summary>
    public NetworkKind? Kind => KindOf(Type);

    /// <summary>The kind that it leads to; null for what is no kind.</summary>
    public NetworkKind? TargetKind => KindOf(TargetType);

    public static ConfigNetwork Read(XElement element)
    {
        var target = element.Element("network");
        return new ConfigNetwork(
            ConfigXml.Attribute(element, "type"),
            ConfigXml.Attribute(element, "name"),
            target is not null,
            target is null ? null : ConfigXml.Attribute(target, "type"),
            target is null ? null : ConfigXml.Attribute(target, "name"),
            ConfigXml.Quote(element));
    }

    private static NetworkKind? KindOf(string? type) => type switch
    {
        "bridge" => NetworkKind.Bridge,
        "network" => NetworkKind.Network,
        _ => null,
    };
}
