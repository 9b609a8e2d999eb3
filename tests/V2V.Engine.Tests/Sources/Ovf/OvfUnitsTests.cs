using V2V.Engine.Sources.Ovf;
using Xunit;

namespace V2V.Engine.Tests.Sources.Ovf;

public sealed class OvfUnitsTests
{
    [Theory]
    [InlineData("byte", 1L)]
    [InlineData("Bytes", 1L)]
    [InlineData("byte * 2^20", 1L << 20)]
    [InlineData("byte*2^30", 1L << 30)]
    [InlineData("byte * 10^6", 1_000_000L)]
    [InlineData("byte * 1024 * 1024", 1L << 20)]
    [InlineData("MegaBytes", 1L << 20)]
    [InlineData("GB", 1L << 30)]
    public void Known_units_have_their_size(string units, long expected) => Assert.Equal(expected, OvfUnits.Parse(units));

    [Theory]
    [InlineData("")]
    [InlineData("hertz * 10^6")]
    [InlineData("byte * 2^")]
    [InlineData("byte * 2^-3")]
    [InlineData("byte * 0")]
    [InlineData("byte * 2^63")]
    [InlineData("byte * 999999999999999999999")]
    [InlineData("byte * 2^40 * 2^40")]
    [InlineData("byte / 2")]
    public void Other_units_are_not_guessed(string units) => Assert.Null(OvfUnits.Parse(units));

    [Fact]
    public void Quantities_that_no_machine_has_are_none()
    {
        Assert.Null(OvfUnits.ToBytes(long.MaxValue, 2));
        Assert.Null(OvfUnits.ToBytes(-1, 1));
        Assert.Equal(long.MaxValue, OvfUnits.ToBytes(long.MaxValue, 1));
    }
}
