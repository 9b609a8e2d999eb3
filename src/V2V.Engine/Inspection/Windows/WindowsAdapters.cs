using V2V.Engine.Registry;
using V2V.Engine.Sources;

namespace V2V.Engine.Inspection.Windows;

/// <summary>
/// Reads the network adapters from SYSTEM: the driver's instances (Control\Class), the connections (Control\Network), the devices (Enum), and
/// the TCP/IP settings of each (Services\Tcpip).
/// </summary>
internal static class WindowsAdapters
{
    /// <summary>The setup class of network adapters.</summary>
    private const string NetClass = "{4D36E972-E325-11CE-BFC1-08002BE10318}";

    /// <summary>Every adapter that was ever there leaves some keys; tunnels and miniports of a desktop are some dozen.</summary>
    private const int MaxAdapters = 2_000;

    /// <summary>Flags in the value Characteristics (NetCfg): a real device, and one that is not shown.</summary>
    private const uint NcfPhysical = 0x4;
    private const uint NcfHidden = 0x8;

    public static IReadOnlyList<WindowsAdapter> Read(RegistryHive system, string controlSet, IReadOnlyList<SourceNetworkAdapter> source)
    {
        var addresses = new StaticIPv6(system, controlSet);
        var known = new List<KnownAdapter>();
        foreach (var key in (system.Find($@"{controlSet}\Control\Class\{NetClass}")?.Keys ?? []).Where(k => k.Name.All(char.IsAsciiDigit)).Take(MaxAdapters))
        {
            if (key.Text("NetCfgInstanceId") is { } guid && !known.Exists(k => k.Adapter.Guid.Equals(guid, StringComparison.OrdinalIgnoreCase)))
            {
                known.Add(Read(system, controlSet, guid, key, addresses));
            }
        }

        // A driver that was taken away leaves the connection with its addresses.
        foreach (var key in (system.Find($@"{controlSet}\Control\Network\{NetClass}")?.Keys ?? []).Where(k => k.Name.StartsWith('{')).Take(MaxAdapters))
        {
            if (!known.Exists(k => k.Adapter.Guid.Equals(key.Name, StringComparison.OrdinalIgnoreCase)))
            {
                known.Add(Read(system, controlSet, key.Name, null, addresses));
            }
        }

        return AdapterJoin.Join([.. known.Where(IsShown)], source);
    }

    /// <summary>Miniports and tunnels that Windows makes itself are of no interest.</summary>
    private static bool IsShown(KnownAdapter known) =>
        known.Adapter.IsPhysical || known.Adapter.HasStaticConfiguration
        || (!known.IsHidden && known.Adapter is { ConnectionName: not null, PnpInstanceId: not null });

    private static KnownAdapter Read(RegistryHive system, string controlSet, string guid, RegistryKey? driver, StaticIPv6 addresses)
    {
        var connection = system.Find($@"{controlSet}\Control\Network\{NetClass}\{guid}\Connection");
        var instance = connection?.Text("PnpInstanceID") ?? driver?.Text("DeviceInstanceID");
        var device = instance is null ? null : system.Find($@"{controlSet}\Enum\{instance}");
        var flags = driver?.GetUInt32("Characteristics") ?? 0;
        var adapter = new WindowsAdapter
        {
            Guid = guid.ToUpperInvariant(),
            ConnectionName = connection?.Text("Name"),
            DriverDescription = driver?.Text("DriverDesc"),
            ComponentId = driver?.Text("ComponentId") ?? driver?.Text("MatchingDeviceId"),
            PnpInstanceId = instance,
            ClassKey = driver?.Name,
            IsPhysical = (flags & NcfHidden) == 0 && (instance is null ? (flags & NcfPhysical) != 0 : PnpInstance.IsOnBus(instance)),
            MacAddress = instance is null ? null : PnpInstance.MacAddress(instance),
            OverriddenMacAddress = driver?.Text("NetworkAddress"),
        };
        return new KnownAdapter(TcpIpSettings.Add(adapter, system, controlSet, guid, addresses), PnpInstance.Location(device), PnpInstance.LastArrival(device))
        {
            IsHidden = (flags & NcfHidden) != 0,
        };
    }
}
