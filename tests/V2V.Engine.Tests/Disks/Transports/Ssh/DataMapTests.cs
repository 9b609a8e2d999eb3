using V2V.Engine.Disks;
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

    [Fact]
    public void Every_range_of_a_map_has_the_data_that_is_in_it()
    {
        DataMap map = DataMap.Parse("2 3\n5 1\n9 2\nend 12\n", 12)!;
        bool[] isData = [.. Enumerable.Range(0, 12).Select(i => i is (>= 2 and < 6) or (>= 9 and < 11))];
        for (int start = 0; start < 12; start++)
        {
            for (int length = 1; length <= 12 - start; length++)
            {
                DiskExtent[] extents = [.. map.Extents(start, length)];
                Assert.Equal(start, extents[0].Offset);
                Assert.All(extents.Skip(1).Zip(extents), pair => Assert.Equal(pair.Second.End, pair.First.Offset));
                Assert.Equal(isData[start..(start + length)], extents.SelectMany(e => Enumerable.Repeat(!e.IsZero, (int)e.Length)));
            }
        }
    }
}
