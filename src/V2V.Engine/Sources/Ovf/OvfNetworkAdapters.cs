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
            string? address = null;
            if (text is not null && !MacAddress.TryParse(text, out address))
            {
                concerns.Add(new Concern(
                    ConcernSeverity.Warning, "MacAddressIgnored", $"{item} has the MAC address \"{text}\", which is none.",
                    "The converted guest's adapter gets a new one."));
            }

            adapters.Add(new SourceNetworkAdapter(
                address,
                item.SubType.Length == 0 ? null : Model(item.SubType),
                item.Connection,
                PciSlot: int.TryParse(item.Setting("slotInfo.pciSlotNumber"), NumberStyles.None, CultureInfo.InvariantCulture, out var slot) ? slot : null));
        }

        return adapters;
    }

    /// <summary>"VmxNet3" and "vmxnet3", "E1000" and "e1000e" are one model each. Of several alternatives the first is the one that was used.</summary>
    private static string Model(string subType) => subType.Split(' ', 2)[0].ToLowerInvariant();

    /// <summary>VirtualBox leaves the addresses out of the items and keeps them with its own adapters, of which only enabled ones are items.</summary>
    private static List<string?> VirtualBoxAddresses(OvfDescriptor descriptor) =>
    [
        .. from adapter in OvfHypervisor.VirtualBoxHardware(descriptor)?.Child("Network")?.Children("Adapter") ?? Enumerable.Empty<XElement>()
           where OvfXml.IsTrue(adapter.AttributeText("enabled"))
           select adapter.AttributeText("MACAddress"),
    ];
}
