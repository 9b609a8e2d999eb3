using V2V.Engine.Conversion;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using Xunit;

namespace V2V.Engine.Tests.Targets;

public sealed class NetworkMappingTests
{
    private const string Mac = "00:50:56:aa:bb:cc";

    private readonly List<Concern> _concerns = [];

    private static NetworkRule Any => new(null, false, "any");

    private static NetworkRule AnyNetwork => new(null, false, "any network") { SourceKind = NetworkKind.Network };

    private static NetworkRule AnyBridge => new(null, true, "any bridge") { SourceKind = NetworkKind.Bridge };

    private static NetworkRule Lan => new("lan", true, "lan");

    private static NetworkRule LanNetwork => new("lan", false, "lan network") { SourceKind = NetworkKind.Network };

    private static NetworkRule LanBridge => new("lan", false, "lan bridge") { SourceKind = NetworkKind.Bridge };

    private static NetworkRule Adapter => NetworkRule.ForAdapter("00-50-56-AA-BB-CC", true, "adapter")!;

    /// <summary>Each list begins with the rule that counts; taking it away makes the next one count.</summary>
    public static TheoryData<bool, string, string> Precedence => new()
    {
        { false, "LibvirtXml", "adapter, lan network, lan, any network, any" },
        { true, "LibvirtXml", "adapter, lan bridge, lan, any bridge, any" },
        { false, "Libvirt", "adapter, lan network, lan, any network, any" },
        { true, "Libvirt", "adapter, lan bridge, lan, any bridge, any" },
        { false, "VMX", "adapter, lan network, lan, lan bridge, any network, any, any bridge" },
        { true, "VMX", "adapter, lan bridge, lan, lan network, any bridge, any, any network" },
    };

    [Theory]
    [MemberData(nameof(Precedence))]
    public void The_most_particular_rule_counts_wherever_it_stands(bool isBridge, string sourceKind, string expected)
    {
        List<NetworkRule> rules = [Any, AnyNetwork, AnyBridge, Lan, LanNetwork, LanBridge, Adapter, new("wan", false, "wan"), NetworkRule.ForAdapter("00:50:56:00:00:01", false, "x")!];
        foreach (var target in expected.Split(", "))
        {
            var network = Map(new SourceNetworkAdapter(Mac, null, "LAN", isBridge), rules, sourceKind);
            Assert.Equal((target, rules.Single(r => r.Target == target).IsBridge, Mac), (network.Name, network.IsBridge, network.MacAddress));
            rules.RemoveAll(r => r.Target == target);
        }

        Assert.Empty(_concerns);
        Assert.Equal(("LAN", isBridge), Kept(Map(new SourceNetworkAdapter(Mac, null, "LAN", isBridge), rules, sourceKind)));
        Assert.Equal(ConcernSeverity.Warning, Assert.Single(_concerns).Severity);
    }

    [Theory]
    [InlineData("VM Network", false, ConcernSeverity.Warning, "network 'VM Network'", "network 'VM Network'")]
    [InlineData("br0", true, ConcernSeverity.Warning, "bridge 'br0'", "bridge 'br0'")]
    [InlineData("default", true, ConcernSeverity.Warning, "bridge 'default'", "bridge 'default'")]
    [InlineData("default", false, ConcernSeverity.Information, "network 'default'", "network 'default'")]
    [InlineData(null, false, ConcernSeverity.Information, "nothing that the source names", "network 'default'")]
    [Shows("NetworkNotMapped")]
    public void What_no_rule_is_for_is_told_with_what_it_will_be_connected_to(
        string? network, bool isBridge, ConcernSeverity severity, string from, string to)
    {
        Assert.Equal((network ?? "default", isBridge), Kept(Map(new SourceNetworkAdapter(Mac, null, network, isBridge), [new("other", false, "x")], "LibvirtXml")));

        var concern = Assert.Single(_concerns);
        Assert.Equal(("NetworkNotMapped", severity), (concern.Id, concern.Severity));
        Assert.Contains(Mac, concern.Message, StringComparison.Ordinal);
        Assert.Contains(from, concern.Message, StringComparison.Ordinal);
        Assert.Contains($"connected to the {to}", concern.Message, StringComparison.Ordinal);
        Assert.NotNull(concern.Advice);
    }

    [Fact]
    public void An_adapter_without_an_address_takes_part_but_no_rule_for_an_address_is_for_it() =>
        Assert.Equal("any", Map(new SourceNetworkAdapter(null, null, "LAN"), [Adapter, Any], "OVF").Name);

    public static TheoryData<NetworkRule, NetworkRule, string> Duplicates => new()
    {
        { new("lan", false, "a"), new("LAN", true, "b"), "The source network 'lan' is mapped more than once." },
        { LanBridge, LanBridge with { Target = "b" }, "The source bridge 'lan' is mapped more than once." },
        { Adapter, NetworkRule.ForAdapter(Mac, false, "b")!, $"The MAC address {Mac} is mapped more than once." },
        { Any, Any with { IsBridge = true }, "More than one network or bridge is given for all the networks that no rule names." },
        { AnyBridge, AnyBridge with { Target = "b" }, "More than one network or bridge is given for all the bridges of the source that no rule names." },
    };

    [Theory]
    [MemberData(nameof(Duplicates))]
    public void Rules_for_the_same_adapters_are_named(NetworkRule one, NetworkRule other, string expected) =>
        Assert.Equal(expected, NetworkRule.FindDuplicate([new("x", false, "y"), one, new("z", false, "y"), other]));

    [Fact]
    public void Rules_of_different_kinds_and_names_stand_beside_each_other() =>
        Assert.Null(NetworkRule.FindDuplicate([Any, AnyNetwork, AnyBridge, Lan, LanNetwork, LanBridge, Adapter]));

    [Theory]
    [InlineData("00:50:56:aa:bb")]
    [InlineData("VM Network")]
    [InlineData("00:00:00:00:00:00")]
    [InlineData("01:00:5e:00:00:01")]
    public void What_is_no_address_of_an_adapter_makes_no_rule(string address) => Assert.Null(NetworkRule.ForAdapter(address, false, "x"));

    private static (string Name, bool IsBridge) Kept(DomainNetwork network) => (network.Name, network.IsBridge);

    private DomainNetwork Map(SourceNetworkAdapter adapter, IReadOnlyList<NetworkRule> rules, string sourceKind)
    {
        var hardware = new TargetHardware();
        hardware.MacAddresses.Add(adapter.MacAddress ?? "52:54:00:00:00:01");
        var guest = new SourceGuest { Name = "g", SourceKind = sourceKind, Path = "/g", NetworkAdapters = [adapter] };
        return Assert.Single(NetworkMapping.Apply(guest, hardware, rules, _concerns));
    }
}
