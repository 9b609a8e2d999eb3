namespace V2V.Engine;

/// <summary>
/// Connects adapters of the source to a network or bridge of the target. Of the rules that fit an adapter the most particular counts, wherever
/// it stands: <see cref="Targets.NetworkMapping"/>.
/// </summary>
/// <param name="SourceNetwork">Name in the source, whatever its case; null for every network that no other rule names.</param>
/// <param name="IsBridge">The target is a host bridge rather than a libvirt network.</param>
/// <param name="Target">Name of the target network or bridge.</param>
public sealed record NetworkRule(string? SourceNetwork, bool IsBridge, string Target)
{
    /// <summary>Only adapters that the source connects to this kind of network; null for both.</summary>
    public NetworkKind? SourceKind { get; init; }

    /// <summary>Only the adapter with this address, lower-case with colons, whatever its network; null for all.</summary>
    public string? MacAddress { get; init; }

    /// <summary>The rule is for adapters that no other rule is for.</summary>
    public bool IsDefault => SourceNetwork is null && MacAddress is null;

    /// <summary>What the rule is for: "VM Network", "bridge xenbr0", "00:50:56:aa:bb:cc", "others", "other bridges".</summary>
    public string Source => MacAddress ?? (SourceNetwork, SourceKind) switch
    {
        (null, null) => "others",
        (null, NetworkKind.Bridge) => "other bridges",
        (null, _) => "other networks",
        (_, null) => SourceNetwork,
        (_, NetworkKind.Bridge) => $"bridge {SourceNetwork}",
        _ => $"network {SourceNetwork}",
    };

    /// <summary>What it connects them to: "default", "bridge br0".</summary>
    public string TargetDescription => IsBridge ? $"bridge {Target}" : Target;

    /// <summary>The rule for one adapter, by its address with colons or dashes.</summary>
    /// <returns>Null when <paramref name="macAddress"/> is no address of an adapter.</returns>
    public static NetworkRule? ForAdapter(string macAddress, bool isBridge, string target) => Sources.MacAddress.TryParse(macAddress, out var address)
        ? new NetworkRule(null, isBridge, target) { MacAddress = address }
        : null;

    /// <summary>The first rule for adapters that another rule is for as well, as one sentence; null when there is none.</summary>
    public static string? FindDuplicate(IEnumerable<NetworkRule> rules) =>
        rules.GroupBy(rule => rule.Key).FirstOrDefault(same => same.Count() > 1)?.First() is not { } rule
            ? null
            : rule switch
            {
                { MacAddress: not null } => $"The MAC address {rule.MacAddress} is mapped more than once.",
                { SourceNetwork: not null } => $"The source {(rule.SourceKind == NetworkKind.Bridge ? "bridge" : "network")} '{rule.SourceNetwork}' is mapped more than once.",
                { SourceKind: null } => "More than one network or bridge is given for all the networks that no rule names.",
                _ => $"More than one network or bridge is given for all the {(rule.SourceKind == NetworkKind.Bridge ? "bridges" : "networks")} of the source that no rule names.",
            };

    /// <summary>Equal for rules that are for the same adapters.</summary>
    internal (string? Mac, string? Network, NetworkKind? Kind) Key => (MacAddress, SourceNetwork?.ToUpperInvariant(), SourceKind);

    public override string ToString() => $"{Source} -> {TargetDescription}";
}

/// <summary>What an adapter of the source is connected to.</summary>
public enum NetworkKind
{
    /// <summary>A virtual network of the hypervisor.</summary>
    Network,

    /// <summary>A bridge of the source's host.</summary>
    Bridge,
}
