using V2V.Engine.Sources;
using Xunit;

namespace V2V.Engine.Tests.Sources;

public sealed class MemorySizeTests
{
    private const long MiB = 1 << 20;
    private const long GiB = 1 << 30;
    private const long TiB = 1L << 40;

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData((64 * MiB) + 1, 1, 65)]
    [InlineData(256 * GiB, 1, 256 << 10)]
    [InlineData(TiB, 8, 1 << 20)]
    [InlineData(12 * TiB, 448, 12 << 20)]
    [InlineData(24 * TiB, 768, 24 << 20)]
    public void Sizes_that_machines_have_are_taken_as_they_are(long bytes, int cpus, long expected)
    {
        List<Concern> concerns = [];
        Assert.Equal(expected, MemorySize.Read("web.vmx", "so many", bytes, cpus, concerns));
        Assert.Empty(concerns);
    }

    [Theory]
    [InlineData(TiB, 2, 1 << 10, "MemoryUnitDoubtful")]
    [InlineData(4 * TiB, 4, 4 << 10, "MemoryUnitDoubtful")]
    [InlineData(4096 * TiB, 1, 4 << 10, "MemoryUnitDoubtful")]
    [InlineData(48 * TiB, 768, 48 << 10, "MemoryUnitDoubtful")]
    [InlineData(TiB + MiB, 2, (1 << 20) + 1, "MemoryDoubtful")]
    [InlineData((25 * TiB) + MiB, 448, 2048, "MemoryDoubtful")]
    [InlineData(long.MaxValue, 1, 2048, "MemoryDoubtful")]
    [Shows("MemoryDoubtful")]
    public void Sizes_that_no_machine_has_are_doubted_with_what_was_found_and_what_is_taken(long bytes, int cpus, long expected, string id)
    {
        List<Concern> concerns = [];
        Assert.Equal(expected, MemorySize.Read("web.vmx", "so many GiB", bytes, cpus, concerns));
        var concern = Assert.Single(concerns);
        Assert.Equal((id, ConcernSeverity.Warning), (concern.Id, concern.Severity));
        Assert.Contains("web.vmx", concern.Message, StringComparison.Ordinal);
        Assert.Contains("\"so many GiB\"", concern.Message, StringComparison.Ordinal);
        Assert.Contains($"{expected} MiB are used", concern.Message, StringComparison.Ordinal);
        Assert.NotNull(concern.Advice);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("plenty", null)]
    [InlineData("0", 0L)]
    [InlineData("-4", -4L)]
    [Shows("MemoryNotTold")]
    public void What_is_no_size_is_replaced(string? written, long? bytes)
    {
        List<Concern> concerns = [];
        Assert.Equal(2048, MemorySize.Read("web.vmx", written, bytes, 1, concerns));
        Assert.Equal("MemoryNotTold", Assert.Single(concerns).Id);
    }
}
