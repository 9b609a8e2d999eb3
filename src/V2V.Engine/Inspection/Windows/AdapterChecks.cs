namespace V2V.Engine.Inspection.Windows;

/// <summary>Concerns about the network configuration that is to go over to new adapters.</summary>
internal static class AdapterChecks
{
    public static IEnumerable<Concern> Check(WindowsSystem windows)
    {
        foreach (var adapter in windows.Adapters)
        {
            if (adapter is { IsPhysical: false, HasStaticConfiguration: true, PnpInstanceId: not null })
            {
                yield return new Concern(
                    ConcernSeverity.Warning, "VirtualAdapterConfigured",
                    $"The adapter {Name(adapter)} is made by software (a team, a virtual switch or a VPN) and configured by hand ({Configuration(adapter)}). The adapters that it "
                    + "stands on are replaced, and it does not know the new ones.",
                    "Add the new adapters to it in the guest after the first start, or configure them instead.");
            }

            if (adapter is { HasIPv6Routes: true, SourceIndex: not null })
            {
                yield return new Concern(
                    ConcernSeverity.Warning, "IPv6RoutesNotMoved",
                    $"{Name(adapter)} has routes of IPv6 that were set by hand, such as a default gateway. They are not carried over to the new adapter.",
                    "Set them in the guest after the first start (netsh interface ipv6 add route), unless a router announces itself there.");
            }

            if (adapter.OverriddenMacAddress is { } mac && adapter.SourceIndex is not null)
            {
                yield return new Concern(
                    ConcernSeverity.Warning, "MacAddressOverridden",
                    $"The driver of {Name(adapter)} is set to use the MAC address {mac} in place of the adapter's own. The new adapter's driver does not have this setting.",
                    "Give the domain's adapter this address if licences or DHCP reservations depend on it.");
            }
        }
    }

    private static string Name(WindowsAdapter adapter) =>
        adapter is { ConnectionName: { } name, DriverDescription: { } driver } ? $"\"{name}\" ({driver})" : $"\"{adapter}\"";

    private static string Configuration(WindowsAdapter adapter)
    {
        IEnumerable<string> parts =
        [
            .. adapter.IPv4.Concat(adapter.IPv6).Select(a => $"{a.Address}/{a.PrefixLength}"),
            .. adapter.Gateways.Select(g => $"gateway {g}"),
            .. adapter.NameServers.Select(s => $"name server {s}"),
        ];
        return string.Join(", ", parts);
    }
}
