using V2V.Engine.Disks;
using V2V.Engine.FileSystems;
using V2V.Engine.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Images;

public sealed class CopyPlanTests
{
    private const int Granule = 16;

    [Fact]
    public void A_granule_that_is_used_in_part_is_copied_whole()
    {
        var plan = Plan(160, [Data(20, 30), Data(100, 50)], [new ByteRange(32, 1), new ByteRange(112, 33)]);
        Assert.Equal([new ByteRange(16, 48), new ByteRange(96, 16), new ByteRange(144, 16)], plan.Extents);
        Assert.Equal(80, plan.TotalBytes);
        Assert.Equal(32, plan.UnusedBytes);
    }

    [Fact]
    public void The_last_granule_ends_with_the_disk()
    {
        var plan = Plan(100, [Data(98, 2)], []);
        Assert.Equal([new ByteRange(96, 4)], plan.Extents);
    }

    [Fact]
    public void A_disk_that_is_all_zero_or_unused_needs_no_copying()
    {
        var plan = Plan(100, [Data(0, 50)], [new ByteRange(0, 60)]);
        Assert.Empty(plan.Extents);
        Assert.Equal(50, plan.UnusedBytes);
    }

    [Fact]
    public void Every_plan_copies_the_granules_that_hold_used_data_and_no_others()
    {
        var random = new Random(8);
        for (var round = 0; round < 2000; round++)
        {
            var length = random.Next(1, 400);
            var isData = new bool[length];
            var isUnused = new bool[length];
            var data = RandomRanges(random, length, isData).Select(r => Data(r.Offset, r.Length)).ToList();
            var unused = RandomRanges(random, length, isUnused);

            var plan = Plan(length, data, unused);

            var copied = new bool[length];
            long previous = -1;
            foreach (var extent in plan.Extents)
            {
                Assert.True(extent.Offset > previous && extent.Length > 0, "extents ascend and have gaps between them");
                Array.Fill(copied, true, (int)extent.Offset, (int)extent.Length);
                previous = extent.End;
            }

            var expected = Enumerable.Range(0, length)
                .Select(i => Enumerable.Range(i / Granule * Granule, Granule).Any(j => j < length && isData[j] && !isUnused[j])).ToArray();
            Assert.Equal(expected, copied);
            Assert.Equal(copied.Count(c => c), plan.TotalBytes);
            Assert.Equal(Enumerable.Range(0, length).Count(i => isData[i] && !copied[i]), plan.UnusedBytes);
        }
    }

    [Fact]
    public void Unused_ranges_must_be_in_order_and_within_the_disk()
    {
        Assert.Throws<ArgumentException>(() => Plan(100, [Data(0, 100)], [new ByteRange(50, 10), new ByteRange(40, 5)]));
        Assert.Throws<ArgumentException>(() => Plan(100, [Data(0, 100)], [new ByteRange(50, 51)]));
    }

    private static DiskExtent Data(long offset, long length) => new(offset, length, IsZero: false);

    private static CopyPlan Plan(int length, IEnumerable<DiskExtent> data, IEnumerable<ByteRange> unused)
    {
        var extents = new List<DiskExtent>();
        long end = 0;
        foreach (var extent in data.Append(new DiskExtent(length, 0, IsZero: true)))
        {
            if (extent.Offset > end)
            {
                extents.Add(new DiskExtent(end, extent.Offset - end, IsZero: true));
            }

            if (extent.Length > 0)
            {
                extents.Add(extent);
            }

            end = extent.End;
        }

        using var disk = new MemoryDisk(new byte[length], extents);
        return CopyPlan.Create(disk, unused, Granule);
    }

    private static List<ByteRange> RandomRanges(Random random, int length, bool[] marks)
    {
        var ranges = new List<ByteRange>();
        for (var position = random.Next(20); position < length;)
        {
            var piece = Math.Min(length - position, random.Next(1, 40));
            ranges.Add(new ByteRange(position, piece));
            Array.Fill(marks, true, position, piece);
            position += piece + random.Next(0, 40);
        }

        return ranges;
    }
}
