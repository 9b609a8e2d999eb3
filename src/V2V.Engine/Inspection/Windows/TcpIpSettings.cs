using System.Net;
using System.Net.Sockets;
using V2V.Engine.Registry;

namespace V2V.Engine.Inspection.Windows;

/// <summary>The TCP/IP settings of one adapter (Services\Tcpip and Tcpip6, Parameters\Interfaces\{GUID}).</summary>
internal static class TcpIpSettings
{
    public static WindowsAdapter Add(WindowsAdapter adapter, RegistryHive system, string controlSet, string guid, StaticIPv6 addresses)
    {
        var v4 = system.Find($@"{controlSet}\Services\Tcpip\Parameters\Interfaces\{guid}");
        var v6 = system.Find($@"{controlSet}\Services\Tcpip6\Parameters\Interfaces\{guid}");
        var ipv4 = v4 is null ? [] : Addresses(v4);
        // Without the value, DHCP is what Windows does; an address that is left from before does not count then.
        var isDhcp = v4?.GetUInt32("EnableDHCP") is { } enabled ? enabled != 0 : ipv4.Count == 0;
        return adapter with
        {
            IsDhcp = isDhcp,
            IPv4 = isDhcp ? [] : ipv4,
            IPv6 = addresses.Of(guid),
            HasIPv6Routes = addresses.HasRoutes(guid),
            Gateways = isDhcp || v4 is null ? [] : [.. v4.Texts("DefaultGateway").Where(g => Parse(g, AddressFamily.InterNetwork) is not null)],
            NameServers = [.. NameServers(v4, AddressFamily.InterNetwork), .. NameServers(v6, AddressFamily.InterNetworkV6)],
            DnsSuffix = v4?.Text("Domain"),
        };
    }

    private static List<WindowsAddress> Addresses(RegistryKey key)
    {
        var masks = key.Texts("SubnetMask");
        var found = new List<WindowsAddress>();
        foreach (var (text, i) in key.Texts("IPAddress").Select((text, i) => (text, i)))
        {
            if (Parse(text, AddressFamily.InterNetwork) is { } address && masks.ElementAtOrDefault(i) is { } mask && PrefixLength(mask) is { } length)
            {
                found.Add(new WindowsAddress(address.ToString(), length));
            }
        }

        return found;
    }

    /// <summary>Between the addresses stand commas or blanks, by what wrote them.</summary>
    private static IEnumerable<string> NameServers(RegistryKey? key, AddressFamily family) =>
        (key?.GetString("NameServer") ?? "").Split([',', ' ', ';', '\0'], StringSplitOptions.RemoveEmptyEntries)
            .Select(t => Parse(t, family)?.ToString()).OfType<string>();

    /// <summary>Null also for 0.0.0.0, which stands for no address.</summary>
    private static IPAddress? Parse(string text, AddressFamily family) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == family && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)
            ? address
            : null;

    /// <summary>Null for a mask whose ones are not all at its start.</summary>
    internal static int? PrefixLength(string mask)
    {
        if (!IPAddress.TryParse(mask, out var address) || address.AddressFamily != AddressFamily.InterNetwork)
        {
            return null;
        }

        var bits = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());
        var length = System.Numerics.BitOperations.PopCount(bits);
        return bits == (length == 0 ? 0 : uint.MaxValue << (32 - length)) ? length : null;
    }
}
