using V2V.Engine.Conversion;
using V2V.Engine.Sources;

namespace V2V.Engine.Targets;

/// <summary>
/// Decides where each adapter of a source guest is connected on the target. The most particular rule counts: for the adapter's address, then for
/// its network of that kind, its network, all networks of that kind, all networks. Without a rule it stays on what it was connected to.
/// </summary>
public static class NetworkMapping
{
    /// <summary>Where an adapter goes that the source connects to nothing that has a name.</summary>
    private const string DefaultNetwork = "default";

    /// <summary>
    /// Only libvirt tells networks from bridges. What VMware, VirtualBox and Xen call a network was a bridge to tools that saw it through libvirt,
    /// so a rule for the other kind is for it too, after those for its own.
    /// </summary>
    private static readonly string[] SourcesThatKnowKinds = ["LibvirtXml", "Libvirt"];

    /// <summary>Connects every adapter; one that no rule is for is a concern, since the domain starts only if the target has what it is connected to.</summary>
    public static IReadOnlyList<DomainNetwork> Apply(
        SourceGuest source, TargetHardware hardware, IReadOnlyList<NetworkRule> rules, ICollection<Concern> concerns)
    {
        var networks = new List<DomainNetwork>();
        for (var i = 0; i < source.NetworkAdapters.Count; i++)
        {
            var adapter = source.NetworkAdapters[i];
            var rule = Find(adapter, rules, SourcesThatKnowKinds.Contains(source.SourceKind));
            var network = rule is not null
                ? new DomainNetwork(rule.IsBridge, rule.Target, hardware.MacAddresses[i])
                : new DomainNetwork(adapter.IsBridge && adapter.Network is not null, adapter.Network ?? DefaultNetwork, hardware.MacAddresses[i]);
            if (rule is null)
            {
                concerns.Add(NotMapped(i + 1, adapter, network));
            }

            networks.Add(network);
        }

        return networks;
    }

    private static NetworkRule? Find(SourceNetworkAdapter adapter, IReadOnlyList<NetworkRule> rules, bool kindsAreKnown) => rules
        .Select(rule => (Rule: rule, Rank: Rank(rule, adapter, kindsAreKnown)))
        .Where(fit => fit.Rank is not null)
        .OrderBy(fit => fit.Rank)
        .FirstOrDefault().Rule;

    /// <summary>How particular a rule is for an adapter, the most first; null when it is not for it.</summary>
    private static int? Rank(NetworkRule rule, SourceNetworkAdapter adapter, bool kindsAreKnown)
    {
        if (rule.MacAddress is not null)
        {
            return rule.MacAddress == adapter.MacAddress ? 0 : null;
        }

        var kind = adapter.IsBridge ? NetworkKind.Bridge : NetworkKind.Network;
        if (rule.SourceKind is { } wanted && wanted != kind && kindsAreKnown)
        {
            return null;
        }

        var rank = rule.SourceKind is null ? 1 : rule.SourceKind == kind ? 0 : 2;
        return rule.SourceNetwork is null ? 4 + rank
            : string.Equals(rule.SourceNetwork, adapter.Network, StringComparison.OrdinalIgnoreCase) ? 1 + rank
            : null;
    }

    private static Concern NotMapped(int number, SourceNetworkAdapter adapter, DomainNetwork network)
    {
        var name = adapter.MacAddress is null ? $"Network adapter {number}" : $"Network adapter {number} ({adapter.MacAddress})";
        var target = $"{(network.IsBridge ? "bridge" : "network")} '{network.Name}'";
        var message = adapter.Network is null
            ? $"{name} is connected to nothing that the source names, and no rule says where it goes: it will be connected to the {target}."
            : $"No rule says where {char.ToLowerInvariant(name[0])}{name[1..]} on the {(adapter.IsBridge ? "bridge" : "network")} '{adapter.Network}' goes: it will be connected to the {target} of the target's host.";

        // libvirt makes the network 'default' wherever it is installed; another name is there only by luck.
        return new Concern(
            network is { IsBridge: false, Name: DefaultNetwork } ? ConcernSeverity.Information : ConcernSeverity.Warning,
            "NetworkNotMapped",
            message,
            "If the host has none of that name, say with -Network, -Bridge or -NetworkMap where adapters go.");
    }
}
