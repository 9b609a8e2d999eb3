using V2V.Engine;

namespace V2V.PowerShell.Tests;

public sealed class FormattingTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(102_400, "100 KiB")]
    [InlineData((1L << 20) - 1, "1.0 MiB")]
    [InlineData(2L << 30, "2.0 GiB")]
    [InlineData(150L << 30, "150 GiB")]
    [InlineData(long.MaxValue, "8.0 EiB")]
    public void Sizes_read_as_people_say_them(long bytes, string expected) => Assert.Equal(expected, Formatting.Size(bytes));

    [Fact]
    public void An_unknown_size_is_a_dash() => Assert.Equal("-", Formatting.Size(null));

    [Theory]
    [InlineData(0, "0.0 s")]
    [InlineData(0.0401, "41 ms")]
    [InlineData(0.0949, "95 ms")]
    [InlineData(0.0951, "0.1 s")]
    [InlineData(0.84, "0.8 s")]
    [InlineData(9.96, "10 s")]
    [InlineData(59.7, "1 min 00 s")]
    [InlineData(125, "2 min 05 s")]
    [InlineData(3599.8, "1 h 00 min")]
    [InlineData(3720, "1 h 02 min")]
    [InlineData(90_000, "25 h 00 min")]
    public void Times_read_as_people_say_them(double seconds, string expected) =>
        Assert.Equal(expected, Formatting.Duration(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Concerns_are_counted_gravest_first()
    {
        Concern Of(ConcernSeverity severity) => new(severity, "Id", "Message");
        Assert.Equal("none", Formatting.Concerns([]));
        Assert.Equal(
            "1 critical, 2 warnings, 1 note",
            Formatting.Concerns([Of(ConcernSeverity.Warning), Of(ConcernSeverity.Information), Of(ConcernSeverity.Critical), Of(ConcernSeverity.Warning)]));
    }

    [Fact]
    public void Network_rules_read_from_source_to_target() => Assert.Equal(
        "VM Network -> default; others -> bridge br0",
        Formatting.Networks([new NetworkRule("VM Network", false, "default"), new NetworkRule(null, true, "br0")]));
}
