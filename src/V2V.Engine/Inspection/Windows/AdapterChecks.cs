using V2V.Engine.Sources;

namespace V2V.Engine.Inspection.Windows;

/// <summary>Concerns about the network configuration that is to go over to new adapters.</summary>
internal static class AdapterChecks
{
    public static IEnumerable<Concern> Check(WindowsSystem windows, SourceGuest source)
    {
        var taken = windows.Adapters.Select(a => a.SourceIndex).OfType<int>().ToHashSet();
        foreach (var adapter in windows.Adapters)
        {
            if (adapter is { IsPhysical: true, HasStaticConfiguration: true, SourceIndex: null } && taken.Count < source.NetworkAdapters.Count)
            {
                yield return new Concern(
                    ConcernSeverity.Warning, "StaticAddressNotMoved",
                    $"The adapter {Name(adapter)} is configured by hand ({Configuration(adapter)}), and which adapter of the source it is cannot be told: "
                    + $"Windows knows {windows.Adapters.Count(a => a.IsPhysical)} adapters, some of which are no longer there, and the source has {source.NetworkAdapters.Count}.",
                    "Configure the adapter in the guest after the first start.");
            }
            else if (adapter is { IsPhysical: false, HasStaticConfiguration: true, PnpInstanceId: not null })
            {
                yield return new Concern(
                    ConcernSeverity.Warning, "VirtualAdapterConfigured",
                    $"The adapter {Name(adapter)} is made by software (a team, a virtual switch or a VPN) and configured by hand ({Configuration(adapter)}). The adapters that it "
                    + "stands on are replaced, and it does not know the new ones.",
                    "Add the new adapters to it in the guest after the first start, or configure them instead.");
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
