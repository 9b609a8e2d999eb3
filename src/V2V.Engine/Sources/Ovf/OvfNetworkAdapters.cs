using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Sources.Ovf;

internal static class OvfNetworkAdapters
{
    public static IReadOnlyList<SourceNetworkAdapter> Read(OvfDescriptor descriptor, List<Concern> concerns)
    {
        var virtualBoxAddresses = VirtualBoxAddresses(descriptor);
        var adapters = new List<SourceNetworkAdapter>();
        foreach (var item in descriptor.Items.Where(i => i.ResourceType == OvfResource.Ethernet))
        {
            var text = item.Address ?? virtualBoxAddresses.ElementAtOrDefault(adapters.Count);
            adapters.Add(new SourceNetworkAdapter(
                MacAddress.Read(text, item.ToString(), concerns),
                item.SubType.Length == 0 ? null : Model(item.SubType, OvfHypervisor.IsOvirt(descriptor)),
                Network(item),
                PciSlot: int.TryParse(item.Setting("slotInfo.pciSlotNumber"), NumberStyles.None, CultureInfo.InvariantCulture, out var slot) ? slot : null));
        }

        return adapters;
    }

    /// <summary>
    /// "VmxNet3" and "vmxnet3", "E1000" and "e1000e" are one model each. Of several alternatives the first is the one that was used. oVirt numbers
    /// its models.
    /// </summary>
    private static string? Model(string subType, bool isOvirt) => (subType.Split(' ', 2)[0].ToLowerInvariant(), isOvirt) switch
    {
        ("1", true) => "rtl8139",
        ("2", true) => "e1000",
        ("3", true) => "virtio",
        ("6", true) => "e1000e",
        (_, true) => null,
        var (model, _) => model,
    };

    /// <summary>XenServer writes "xenbridge=xenbr0,network=UUID,name=Network 0".</summary>
    private static string? Network(OvfItem item)
    {
        const string Name = "name=";
        return item.Connection is { } connection && connection.Contains("network=", StringComparison.Ordinal)
            && connection.IndexOf(Name, StringComparison.Ordinal) is >= 0 and var start
            ? connection[(start + Name.Length)..].Split(',')[0]
            : item.Connection;
    }

    /// <summary>VirtualBox leaves the addresses out of the items and keeps them with its own adapters, of which only enabled ones are items.</summary>
    private static List<string?> VirtualBoxAddresses(OvfDescriptor descriptor) =>
    [
        .. from adapter in OvfHypervisor.VirtualBoxHardware(descriptor)?.Child("Network")?.Children("Adapter") ?? Enumerable.Empty<XElement>()
           where OvfXml.IsTrue(adapter.AttributeText("enabled"))
           orderby int.TryParse(adapter.AttributeText("slot"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue
           select adapter.AttributeText("MACAddress"),
    ];
}
