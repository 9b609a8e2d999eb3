using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Sources.VirtualBox;

/// <summary>The adapters that are switched on, in the order of their slots.</summary>
internal static class VirtualBoxNetworkAdapters
{
    /// <summary>How a connected adapter is connected; the element that names it carries this name.</summary>
    private static readonly string[] s_connections =
        ["NAT", "BridgedInterface", "InternalNetwork", "HostOnlyInterface", "HostOnlyNetwork", "NATNetwork", "GenericInterface", "CloudNetwork"];

    /// <param name="hardware">The element with the devices.</param>
    /// <param name="isConnectedByDefault">Whether adapters are whose cable is not mentioned.</param>
    /// <param name="concerns">Takes what there is to say.</param>
    public static IReadOnlyList<SourceNetworkAdapter> Read(XElement hardware, bool isConnectedByDefault, List<Concern> concerns) =>
    [
        .. (hardware.Child("Network")?.Children("Adapter") ?? [])
            .Where(a => a.AttributeText("enabled") is "true" or "1")
            .OrderBy(a => int.TryParse(a.AttributeText("slot"), NumberStyles.None, CultureInfo.InvariantCulture, out var slot) ? slot : int.MaxValue)
            .Select(a => ReadAdapter(a, isConnectedByDefault, concerns)),
    ];

    private static SourceNetworkAdapter ReadAdapter(XElement adapter, bool isConnectedByDefault, List<Concern> concerns)
    {
        // What the adapter was connected to before stands below DisabledModes.
        var connection = adapter.Elements().FirstOrDefault(e => s_connections.Contains(e.Name.LocalName));
        return new SourceNetworkAdapter(
            MacAddress.Read(adapter.AttributeText("MACAddress"), $"Network adapter {adapter.AttributeText("slot")}", concerns),
            ReadModel(adapter.AttributeText("type")),
            connection?.AttributeText("name") ?? connection?.AttributeText("network"),
            IsConnected: adapter.AttributeText("cable") is { } cable ? cable is "true" or "1" : isConnectedByDefault);
    }

    /// <summary>VirtualBox names chips. Its schema's default is the older PCnet.</summary>
    private static string ReadModel(string? type) => type?.ToUpperInvariant() switch
    {
        "82540EM" or "82543GC" or "82545EM" => "e1000",
        "VIRTIO" => "virtio",
        null or "AM79C970A" or "AM79C973" or "AM79C960" => "pcnet",
        _ => type.ToLowerInvariant(),
    };
}
