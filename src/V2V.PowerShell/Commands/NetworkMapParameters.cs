using System.Collections;
using System.Management.Automation;
using V2V.Engine;

namespace V2V.PowerShell.Commands;

/// <summary>The parameters that say where adapters go, as rules.</summary>
internal static class NetworkMapParameters
{
    private const string BridgePrefix = "bridge:";
    private const string NetworkPrefix = "network:";

    /// <param name="map">-NetworkMap: names in the source, or network:NAME and bridge:NAME for one kind, and what replaces each.</param>
    /// <param name="macMap">-MacMap: addresses of adapters, and where each goes.</param>
    /// <param name="network">-Network: for what no rule names; beside <paramref name="bridge"/> only for adapters on networks.</param>
    /// <param name="bridge">-Bridge: likewise, for adapters on bridges.</param>
    /// <exception cref="PSArgumentException">A key or value cannot be used.</exception>
    public static IReadOnlyList<NetworkRule> Read(Hashtable? map, Hashtable? macMap, string? network, string? bridge)
    {
        List<NetworkRule> rules =
        [
            .. Entries("MacMap", macMap, "MAC address").Select(entry => Adapter(entry.Key, entry.Value)),
            .. Entries("NetworkMap", map, "name of a source network").Select(entry => Named(entry.Key, entry.Value)),
        ];
        var both = network is not null && bridge is not null;
        if (network is not null)
        {
            rules.Add(new NetworkRule(null, IsBridge: false, network) { SourceKind = both ? NetworkKind.Network : null });
        }

        if (bridge is not null)
        {
            rules.Add(new NetworkRule(null, IsBridge: true, bridge) { SourceKind = both ? NetworkKind.Bridge : null });
        }

        return NetworkRule.FindDuplicate(rules) is { } duplicate ? throw new PSArgumentException(duplicate) : rules;
    }

    private static NetworkRule Adapter(string address, string value)
    {
        var (kind, name) = Split("MacMap", value, address);
        return NetworkRule.ForAdapter(address, kind == NetworkKind.Bridge, name)
            ?? throw new PSArgumentException($"'{address}' in -MacMap is no MAC address of an adapter; write '00:50:56:aa:bb:cc'.");
    }

    private static NetworkRule Named(string source, string value)
    {
        if (NetworkRule.ForAdapter(source, isBridge: false, value) is not null)
        {
            throw new PSArgumentException($"'{source}' in -NetworkMap is a MAC address, not a name of a network: give it to -MacMap.");
        }

        var (kind, name) = Split("NetworkMap", source, value);
        var (targetKind, target) = Split("NetworkMap", value, source);
        return new NetworkRule(name, targetKind == NetworkKind.Bridge, target) { SourceKind = kind };
    }

    /// <summary>The kind that a text begins with, and the name behind it.</summary>
    private static (NetworkKind? Kind, string Name) Split(string parameter, string text, string other)
    {
        var (kind, name) = text.StartsWith(BridgePrefix, StringComparison.OrdinalIgnoreCase) ? (NetworkKind.Bridge, text[BridgePrefix.Length..])
            : text.StartsWith(NetworkPrefix, StringComparison.OrdinalIgnoreCase) ? (NetworkKind.Network, text[NetworkPrefix.Length..])
            : ((NetworkKind?)null, text);
        return name is ""
            ? throw new PSArgumentException($"-{parameter} has no name behind '{text}', which goes with '{other}'; write 'bridge:br0'.")
            : (kind, name);
    }

    private static IEnumerable<(string Key, string Value)> Entries(string parameter, Hashtable? map, string key) => (map ?? [])
        .Cast<DictionaryEntry>()
        .Select(entry => (Key: Text(entry.Key, $"{key} in -{parameter}"), Value: Text(entry.Value, $"target of '{entry.Key}' in -{parameter}")))
        .OrderBy(entry => entry.Key, StringComparer.OrdinalIgnoreCase);

    private static string Text(object? value, string what) => (value is PSObject wrapped ? wrapped.BaseObject : value) is string { Length: > 0 } text
        ? text
        : throw new PSArgumentException($"The {what} must be a text that is not empty.");
}
