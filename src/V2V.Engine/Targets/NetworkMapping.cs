using V2V.Engine.Conversion;
using V2V.Engine.Sources;

namespace V2V.Engine.Targets;

/// <summary>Decides where each adapter of a source guest is connected on the target.</summary>
public static class NetworkMapping
{
    /// <summary>
    /// For each adapter the first rule that names its network, else the first rule without a name, else the source's own network. The last
    /// is a concern: the domain does not start unless the target happens to have a network of that name.
    /// </summary>
    public static IReadOnlyList<DomainNetwork> Apply(
        SourceGuest source, TargetHardware hardware, IReadOnlyList<NetworkRule> rules, ICollection<Concern> concerns)
    {
        var networks = new List<DomainNetwork>();
        for (var i = 0; i < source.NetworkAdapters.Count; i++)
        {
            var adapter = source.NetworkAdapters[i];
            var rule = rules.FirstOrDefault(r => r.SourceNetwork is not null && r.SourceNetwork == adapter.Network)
                ?? rules.FirstOrDefault(r => r.SourceNetwork is null);
            if (rule is null && adapter.Network is not (null or "default"))
            {
                concerns.Add(new Concern(
                    ConcernSeverity.Warning,
                    "NetworkNotMapped",
                    $"Network adapter {i + 1} stays connected to '{adapter.Network}', as in the source.",
                    "If the target host has no such network, say with -Network or -Bridge where adapters go."));
            }

            networks.Add(new DomainNetwork(
                rule?.IsBridge ?? adapter.IsBridge, rule?.Target ?? adapter.Network ?? "default", hardware.MacAddresses[i]));
        }

        return networks;
    }
}
