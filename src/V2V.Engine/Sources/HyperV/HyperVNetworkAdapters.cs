using System.Xml.Linq;

namespace V2V.Engine.Sources.HyperV;

/// <summary>The network adapters: every device that has a MAC address, in the order in which they were added.</summary>
internal static class HyperVNetworkAdapters
{
    public static IReadOnlyList<SourceNetworkAdapter> Read(HyperVConfiguration configuration, List<Concern> concerns) =>
    [
        .. from device in configuration.Devices
           from settings in device.Settings?.DescendantsAndSelf().Where(e => e.Child("MacAddress") is not null) ?? []
           select ReadAdapter(settings, device.Type == HyperVDevices.SyntheticEthernet, concerns),
    ];

    private static SourceNetworkAdapter ReadAdapter(XElement settings, bool isSynthetic, List<Concern> concerns)
    {
        var name = HyperVConfiguration.Text(settings, "FriendlyName") ?? "Network Adapter";
        // Zeros stand for an address that is given at the first start.
        var text = HyperVConfiguration.Text(settings, "MacAddress");
        var address = text?.Any(c => char.IsAsciiHexDigit(c) && c != '0') == true ? MacAddress.Read(text, name, concerns) : null;

        // SwitchName is the switch's id on its host; people gave it the other name. Server 2008 knew no connections as things of their own.
        var network = HyperVConfiguration.Text(settings, "Connection", "AltSwitchName") ?? HyperVConfiguration.Text(settings, "AltSwitchName")
            ?? HyperVConfiguration.Text(settings, "SwitchName");
        // The legacy adapter is a DEC 21140, the model that QEMU calls tulip.
        return new SourceNetworkAdapter(
            address, isSynthetic ? "netvsc" : "tulip", Guid.TryParse(network, out _) ? null : network,
            IsConnected: HyperVConfiguration.Boolean(settings, "IsConnected") ?? network is not null);
    }
}
