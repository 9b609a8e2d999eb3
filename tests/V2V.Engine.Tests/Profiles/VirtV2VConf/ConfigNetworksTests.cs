using V2V.Engine.Conversion;
using V2V.Engine.Profiles;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using Xunit;

namespace V2V.Engine.Tests.Profiles.VirtV2VConf;

/// <summary>The order in which virt-v2v 0.9 asks its mappings, row by row.</summary>
public sealed class ConfigNetworksTests : IDisposable
{
    private const string NoDefault = "";

    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Profile's mappings, first file's, second file's, the adapter, where it goes; "kept" where no rule is for it.</summary>
    public static TheoryData<string, string, string, string, string> Order => new()
    {
        // 1. The profile's own mapping of the network.
        { Map("bridge br0", "network p"), Map("bridge br0", "network a"), Map("bridge br0", "network b"), "bridge br0", "network p" },
        { Map("bridge br0", "network p") + Default("network d"), NoDefault, NoDefault, "bridge br0", "network p" },
        // 2. That at the top level, files in their order; also before the profile's default.
        { "", Map("bridge br0", "network a"), Map("bridge br0", "network b"), "bridge br0", "network a" },
        { "", "", Map("bridge br0", "network b"), "bridge br0", "network b" },
        { Default("network d"), "", Map("bridge br0", "network b"), "bridge br0", "network b" },
        { Map("network br0", "network p"), Map("bridge br0", "network a"), "", "bridge br0", "network a" },
        // 3. The profile's default, else that of the first file that has one.
        { Default("network d"), Default("network a"), "", "bridge br0", "network d" },
        { "", "", Default("bridge b"), "network lan", "bridge b" },
        { "", Default("network a"), Default("network b"), "network lan", "network a" },
        { "", Default("network a") + Default("network c"), "", "network lan", "network a" },
        // A default is for both kinds, a mapping only for its own.
        { Default("bridge d"), "", "", "network br0", "bridge d" },
        { Map("bridge br0", "network p"), "", "", "network br0", "kept" },
        // 4. None.
        { "", "", "", "bridge br0", "kept" },
        { Map("bridge br1", "network p"), Map("bridge br2", "network a"), "", "bridge br0", "kept" },
        // What leads nowhere leaves the adapter where it is, also where there is a default.
        { "<network type='bridge' name='br0'><network type='bridge'/></network>" + Default("network d"), Map("bridge br0", "network a"), "", "bridge br0", "bridge br0" },
        { "<network type='bridge' name='br0'><network type='vlan' name='5'/></network>", Default("network a"), "", "bridge br0", "bridge br0" },
        // What is no mapping is none.
        { "<network type='bridge' name='br0'/>", Map("bridge br0", "network a"), "", "bridge br0", "network a" },
        { "<network name='br0'><network type='network' name='p'/></network>", Map("bridge br0", "network a"), "", "bridge br0", "network a" },
        { "<network type='default'><network type='network'/></network>", Default("network a"), "", "bridge br0", "network a" },
        { "", "<network type='default'><network type='network'/></network>", Default("network b"), "bridge br0", "kept" },
    };

    [Theory]
    [MemberData(nameof(Order))]
    public void Mappings_are_asked_in_their_order(string profile, string first, string second, string adapter, string expected)
    {
        var config = _folder.Load(
            $"<virt-v2v>{first}</virt-v2v>",
            $"<virt-v2v><profile name='p'><method>libvirt</method><storage>s</storage>{profile}</profile>{second}</virt-v2v>");
        var imported = config.Import("p");
        Assert.Null(imported.Profile.FindConflict());

        var (connected, isKept) = Connect(imported.Profile, adapter);
        Assert.Equal(expected, isKept ? "kept" : connected);
        Assert.True(!isKept || connected == adapter);
    }

    [Fact]
    public void Without_a_profile_the_top_levels_alone_are_asked()
    {
        var config = _folder.Load(ConfigFolder.Administrators);
        var (networks, lab) = (config.ImportNetworks().Profile, config.Import("lab").Profile);
        Assert.Equal("network quarantine", Connect(networks, "network isolated").Connected);
        Assert.Equal("bridge brlab", Connect(lab, "network isolated").Connected);
        Assert.True(Connect(networks, "network other").IsKept);
        Assert.Equal("network lab", Connect(lab, "network other").Connected);
        Assert.Equal("bridge br0", Connect(lab, "bridge VM Network").Connected);
    }

    [Fact]
    public void A_network_of_VMware_is_found_as_the_bridge_that_libvirt_shows_it_as() =>
        Assert.Equal("bridge br0", Connect(_folder.Load(ConfigFolder.Administrators).Import("lab").Profile, "network VM Network", "VMX").Connected);

    public static TheoryData<string, string> Faults => new()
    {
        { "<network type='bridge' name='br0'><network type='bridge'/></network>", "Invalid network mapping in config: <network type=\"bridge\" name=\"br0\"><network type=\"bridge\" /></network>" },
        { "<network type='bridge' name='br0'><network type='vlan' name='5'/></network>", "Unknown interface type vlan in network mapping: <network" },
        { "<network type='vlan' name='5'><network type='bridge' name='br0'/></network>", "this one is not used: <network type=\"vlan\"" },
        { Map("bridge br0", "network a") + Map("bridge br0", "network b"), "the bridge 'br0' is mapped more than once; the first mapping counts" },
        { Default("network a") + Default("network b"), "more than one default network is given; the first counts" },
        { "<network type='default'><network name='x'/></network>", "This default is not used." },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_mapping_that_is_not_used_as_it_is_written_is_told(string elements, string expected)
    {
        var warning = Assert.Single(_folder.LoadElements(elements).ImportNetworks().Warnings);
        Assert.Contains(_folder.Path, warning, StringComparison.Ordinal);
        Assert.Contains(expected, warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_default_without_a_mapping_is_refused()
    {
        var config = _folder.LoadElements("<network type='default'/>");
        Assert.Contains("Default network doesn't contain a mapping", Assert.Throws<ProfileException>(() => config.ImportNetworks()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_given_default_wins_over_the_profiles_and_not_over_its_mappings()
    {
        var lab = _folder.Load(ConfigFolder.Administrators).Import("lab").Profile.With(new ConversionProfile { NetworkRules = [new(null, true, "br9")] });
        Assert.Equal("bridge br9", Connect(lab, "network other").Connected);
        Assert.Equal("bridge brlab", Connect(lab, "network isolated").Connected);
    }

    private static string Map(string source, string target) => $"<network {Attributes(source)}><network {Attributes(target)}/></network>";

    private static string Default(string target) => $"<network type='default'><network {Attributes(target)}/></network>";

    private static string Attributes(string network) => $"type='{network.Split(' ')[0]}' name='{network.Split(' ', 2)[1]}'";

    private static (string Connected, bool IsKept) Connect(ConversionProfile profile, string adapter, string sourceKind = "LibvirtXml")
    {
        var hardware = new TargetHardware();
        hardware.MacAddresses.Add("00:50:56:aa:bb:cc");
        var source = new SourceNetworkAdapter("00:50:56:aa:bb:cc", null, adapter.Split(' ', 2)[1], adapter.StartsWith("bridge", StringComparison.Ordinal));
        List<Concern> concerns = [];
        var guest = new SourceGuest { Name = "g", SourceKind = sourceKind, Path = "/g", NetworkAdapters = [source] };
        var network = Assert.Single(NetworkMapping.Apply(guest, hardware, profile.NetworkRules, concerns));
        return ($"{(network.IsBridge ? "bridge" : "network")} {network.Name}", concerns.Count > 0);
    }
}
