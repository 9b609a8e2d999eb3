using V2V.Engine.Disks.Transports.Ssh;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Ssh;

public sealed class DataMapTests
{
    [Theory]
    [InlineData("0 4096\nend 8192\n", "0+4096 4096-4096")]
    [InlineData("end 8192\n", "0-8192")]
    [InlineData("4096 4096\nend 8192\n", "0-4096 4096+4096")]
    [InlineData("0 100\n100 100\nend 8192\n", "0+100 100+100 200-7992")]
    [InlineData("0 4096\n", null)]
    [InlineData("", null)]
    [InlineData("0 4096\nend 8193\n", null)]
    [InlineData("4096 4096\n0 10\nend 8192\n", null)]
    [InlineData("0 8193\nend 8192\n", null)]
    [InlineData("8192 1\nend 8192\n", null)]
    [InlineData("-1 5\nend 8192\n", null)]
    [InlineData("0 99999999999999999999\nend 8192\n", null)]
    [InlineData("Last login: today\n0 4096\nend 8192\n", null)]
    public void Only_a_map_that_is_right_counts(string output, string? runs) =>
        Assert.Equal(runs, DataMap.Parse(output, 8192) is { } map ? string.Join(' ', map.Extents(0, 8192).Select(e => $"{e.Offset}{(e.IsZero ? '-' : '+')}{e.Length}")) : null);
}
