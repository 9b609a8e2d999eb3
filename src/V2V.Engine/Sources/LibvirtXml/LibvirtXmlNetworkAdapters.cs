using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Sources.LibvirtXml;

/// <summary>The interface elements. Whatever an adapter was connected to, the guest keeps it.</summary>
internal static class LibvirtXmlNetworkAdapters
{
    public static IReadOnlyList<SourceNetworkAdapter> Read(XElement devices, List<Concern> concerns) =>
        [.. devices.Children("interface").Select((element, index) => Read(element, $"Network adapter {index + 1}", concerns))];

    private static SourceNetworkAdapter Read(XElement element, string name, List<Concern> concerns)
    {
        if (element.Child("vlan") is not null)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "VlanIgnored", $"{name} has VLAN tags, which the converted guest's does not get.",
                "Connect it to a network or bridge of that VLAN."));
        }

        var network = ReadNetwork(element, name, concerns);
        return new SourceNetworkAdapter(
            MacAddress.Read(element.Child("mac")?.AttributeText("address"), name, concerns),
            element.Child("model")?.AttributeText("type")?.ToLowerInvariant(),
            network,
            IsBridge: network is not null && element.AttributeText("type") == "bridge",
            ReadSlot(element));
    }

    private static string? ReadNetwork(XElement element, string name, List<Concern> concerns)
    {
        var source = element.Child("source");
        var type = element.AttributeText("type");
        switch (type)
        {
            case "network":
                return source?.AttributeText("network");
            case "bridge":
                return source?.AttributeText("bridge");
            case "internal":
                return source?.AttributeText("name");
            case "user":
                return null; // QEMU's own network, which needs nothing on the host.
        }

        var device = type == "direct" ? source?.AttributeText("dev") : null;
        concerns.Add(new Concern(
            ConcernSeverity.Warning, "InterfaceTypeIgnored",
            $"{name} is of the type {type ?? "unknown"}{(device is null ? "" : $" on the host's {device}")}; the converted guest's is connected to a network or bridge.",
            "Say with -Network, -Bridge or -NetworkMap which one."));
        return device;
    }

    /// <summary>On the first PCI bus Linux names adapters after the slot (ens3), as it does with VMware's slot numbers.</summary>
    private static int? ReadSlot(XElement element)
    {
        var address = element.Child("address");
        return address?.AttributeText("type") == "pci" && Number(address, "domain") is null or 0 && Number(address, "bus") is null or 0
            ? Number(address, "slot")
            : null;
    }

    /// <summary>"0x03" or "3".</summary>
    private static int? Number(XElement? element, string attribute)
    {
        var text = element?.AttributeText(attribute) ?? "";
        return text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? byte.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex : null
            : byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
