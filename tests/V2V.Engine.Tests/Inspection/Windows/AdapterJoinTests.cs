using V2V.Engine.Inspection.Windows;
using V2V.Engine.Sources;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Windows;

public sealed class AdapterJoinTests
{
    private static readonly DateTimeOffset Now = new(2024, 3, 5, 9, 41, 0, TimeSpan.Zero);

    [Fact]
    public void The_address_in_the_instance_id_comes_before_the_order() =>
        Assert.Equal([1, 0], Join([Adapter("a", mac: "00:50:56:00:00:02"), Adapter("b", mac: "00:50:56:00:00:01")], Source("00:50:56:00:00:01"), Source("00:50:56:00:00:02")));

    [Fact]
    public void The_place_on_the_bus_comes_before_the_order() =>
        Assert.Equal(
            [1, 0],
            Join(
                [Adapter("a", "ven_8086&dev_100f", new PciLocation(2, 2, 0)), Adapter("b", "ven_8086&dev_100f", new PciLocation(2, 1, 0))],
                Source("00:50:56:00:00:01", "e1000", slot: 33), Source("00:50:56:00:00:02", "e1000", slot: 34)));

    [Fact]
    public void An_adapter_that_was_replaced_by_one_of_another_model_is_told_by_its_model() =>
        Assert.Equal([null, 0], Join([Adapter("old", "ven_1022&dev_2000"), Adapter("new", "ven_8086&dev_10d3")], Source("00:50:56:00:00:01", "e1000e")));

    [Fact]
    public void As_many_as_the_source_has_are_taken_in_order_of_their_places() =>
        Assert.Equal([1, 0], Join([Adapter("a", null, new PciLocation(5, 0, 0)), Adapter("b", null, new PciLocation(3, 0, 0))], Source(null, null), Source(null, null)));

    /// <summary>A copy of a virtual machine gets a new address, which Windows has not seen yet.</summary>
    [Fact]
    public void A_single_adapter_is_the_sources_only_one_whatever_its_address() =>
        Assert.Equal([0], Join([Adapter("a", mac: "00:50:56:00:00:99")], Source("00:50:56:00:00:01")));

    [Fact]
    public void Of_more_adapters_than_the_source_has_those_that_were_there_at_the_last_start_are_meant() =>
        Assert.Equal(
            [null, 0, 1],
            Join(
                [Adapter("gone", arrival: Now.AddDays(-30)), Adapter("a", arrival: Now), Adapter("b", arrival: Now.AddSeconds(3))],
                Source("00:50:56:00:00:01", "network"), Source("00:50:56:00:00:02", "network")));

    [Fact]
    public void Where_there_is_doubt_none_is_taken()
    {
        Assert.Equal([null, null], Join([Adapter("a"), Adapter("b")], Source("00:50:56:00:00:01")));
        Assert.Equal([null, null], Join([Adapter("a", arrival: Now), Adapter("b", arrival: Now.AddSeconds(2))], Source("00:50:56:00:00:01")));
        Assert.Equal([null], Join([Adapter("a")], Source("00:50:56:00:00:01"), Source("00:50:56:00:00:02")));
    }

    [Fact]
    public void What_software_makes_is_no_adapter_of_the_source()
    {
        var team = Adapter("team");
        Assert.Equal([null, 0], Join([team with { Adapter = team.Adapter with { IsPhysical = false } }, Adapter("a")], Source("00:50:56:00:00:01")));
    }

    [Fact]
    public void The_address_becomes_the_sources() =>
        Assert.Equal(
            "00:50:56:00:00:01",
            AdapterJoin.Join([Adapter("a", mac: "00:50:56:00:00:99")], [Source("00:50:56:00:00:01")]).Single().MacAddress);

    [Theory]
    [InlineData("E1000", "ven_8086&dev_100f")]
    [InlineData("VmxNet3", "ven_15ad&dev_07b0")]
    [InlineData("PCNet32", "ven_1022&dev_2000")]
    [InlineData("82540EM", "ven_8086&dev_100e")]
    [InlineData("virtio", "ven_1af4&dev_1041")]
    public void Models_have_several_names(string source, string hardware) =>
        Assert.Equal(AdapterModel.OfHardware($@"PCI\{hardware.ToUpperInvariant()}&SUBSYS_0\1"), AdapterModel.OfSource(source));

    private static IEnumerable<int?> Join(KnownAdapter[] known, params SourceNetworkAdapter[] source) => AdapterJoin.Join(known, source).Select(a => a.SourceIndex);

    private static SourceNetworkAdapter Source(string? mac, string? model = "vmxnet3", int? slot = null) => new(mac, model, "LAN", PciSlot: slot);

    private static KnownAdapter Adapter(string name, string? hardware = null, PciLocation? location = null, string? mac = null, DateTimeOffset? arrival = null) =>
        new(new WindowsAdapter { Guid = name, ConnectionName = name, ComponentId = hardware, MacAddress = mac, IsPhysical = true }, location, arrival);
}
