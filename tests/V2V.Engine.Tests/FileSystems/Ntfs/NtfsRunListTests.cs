using V2V.Engine.FileSystems.Ntfs;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

public sealed class NtfsRunListTests
{
    private const long Clusters = 1L << 40;

    [Fact]
    public void Random_changes_agree_with_a_plain_array()
    {
        var random = new Random(5);
        for (var round = 0; round < 50; round++)
        {
            var list = new NtfsRunList();
            var model = new List<long>();
            for (var i = 0; i < 200; i++)
            {
                var length = random.Next(1, 20);
                switch (random.Next(4))
                {
                    case 0 or 1:
                        var lcn = random.Next(3) == 0 ? NtfsRun.Hole : random.Next(2) == 0 && model.Count > 0 && model[^1] >= 0 ? model[^1] + 1 : random.NextInt64(Clusters);
                        list.Append(lcn, length);
                        model.AddRange(Enumerable.Range(0, length).Select(n => lcn < 0 ? lcn : lcn + n));
                        break;
                    case 2 when model.Count > 20:
                        var vcn = random.Next(model.Count - length);
                        var to = random.Next(4) == 0 && vcn > 0 && model[vcn - 1] >= 0 ? model[vcn - 1] + 1 : random.NextInt64(Clusters);
                        list.Replace(new NtfsRun(vcn, to, length));
                        for (var n = 0; n < length; n++)
                        {
                            model[vcn + n] = to + n;
                        }

                        break;
                    case 3 when random.Next(8) == 0:
                        var keep = random.Next(model.Count + 1);
                        var cut = list.Truncate(keep);
                        Assert.Equal(model.Skip(keep).Count(c => c >= 0), cut.Sum(r => r.Length));
                        model.RemoveRange(keep, model.Count - keep);
                        break;
                }

                AssertEqual(model, list);
            }

            var pairs = new byte[NtfsMappingPairs.SizeOf(list.Runs)];
            NtfsMappingPairs.Encode(list.Runs, pairs);
            var read = new NtfsRunList();
            Assert.True(NtfsMappingPairs.TryDecode(pairs, read, Clusters * 2));
            Assert.True(list.Runs.SequenceEqual(read.Runs));
            Assert.Equal(list.Count, NtfsMappingPairs.CountFitting(list.Runs, pairs.Length));
            Assert.True(list.Count == 0 || NtfsMappingPairs.CountFitting(list.Runs, pairs.Length - 1) == list.Count - 1);
        }
    }

    [Theory]
    [InlineData("21 18 34 56 00", 0x5634L, 0x18L)] // from linux/Documentation of NTFS
    [InlineData("31 01 00 00 01 00", 0x10000L, 1L)]
    [InlineData("12 00 01 7F 00", 0x7FL, 0x100L)]
    public void Pairs_are_read(string pairs, long lcn, long length)
    {
        var list = new NtfsRunList();
        Assert.True(NtfsMappingPairs.TryDecode(Bytes(pairs), list, Clusters));
        Assert.Equal(new NtfsRun(0, lcn, length), list[0]);
    }

    [Theory]
    [InlineData("10 05 00")] // no length
    [InlineData("11 00 05 00")] // a length of 0
    [InlineData("11 FF 05 00")] // a negative one
    [InlineData("11 05 FE 00")] // before the first cluster
    [InlineData("41 05 00 00 00 7F 00")] // behind the last one
    [InlineData("21 05 01")] // cut off
    [InlineData("19 05 00 00 00 00 00 00 00 00 01")]
    [InlineData("91 05 01 00 00 00 00 00 00 00 00")]
    [InlineData("18 FF FF FF FF FF FF FF 7F 01 00")]
    [InlineData("08 FF FF FF FF FF FF FF 7F 08 FF FF FF FF FF FF FF 7F 00")]
    [InlineData("11 01 05 88 01 00 00 00 00 00 00 00 FF FF FF FF FF FF FF 7F 00")]
    public void Pairs_that_make_no_sense(string pairs) => Assert.False(NtfsMappingPairs.TryDecode(Bytes(pairs), new NtfsRunList(), 1 << 20));

    private static byte[] Bytes(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));

    private static void AssertEqual(List<long> model, NtfsRunList list)
    {
        Assert.Equal(model.Count, list.Length);
        for (var vcn = 0; vcn < model.Count; vcn++)
        {
            Assert.Equal(model[vcn], list.Find(vcn)!.Value.Lcn);
        }

        Assert.Null(list.Find(model.Count));
        for (var i = 1; i < list.Count; i++)
        {
            Assert.False(list[i - 1].Continues(list[i]), "neighbours are not joined");
        }
    }
}
