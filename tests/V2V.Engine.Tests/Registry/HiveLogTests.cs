using V2V.Engine.Registry;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.Registry;

/// <summary>
/// Hives that Windows was writing when the guest stopped. The states before and after are edited by hivex, the logs between them written by
/// the tests, and what comes of them is what hivex reads in the state that they lead to.
/// </summary>
public sealed class HiveLogTests
{
    private const uint Sequence = 41;

    /// <summary>States of a hive, each edited from the one before; it grows on the way.</summary>
    private static readonly Lazy<byte[][]> s_states = new(() =>
    {
        var states = new List<byte[]> { Stamped(HiveImage.Empty(), 0) };
        for (var i = 1; i <= 4; i++)
        {
            states.Add(Stamped(
                Hivex.Edit(
                    states[^1],
                    $$"""
                    n = h.node_add_child(h.root(), "state {{i}}")
                    for i in range(60):
                        c = h.node_add_child(n, "key%d" % i)
                        h.node_set_value(c, {"key": "v", "t": 3, "value": bytes([{{i}}]) * (i * 9)})
                    h.node_set_value(h.root(), {"key": "state", "t": 4, "value": bytes([{{i}}, 0, 0, 0])})
                    """),
                i));
        }

        return [.. states];
    });

    [Theory]
    [InlineData(".LOG1", 1, false)]
    [InlineData(".LOG1", 8, false)]
    [InlineData(".LOG2", 1, false)]
    [InlineData(".LOG", 1, true)]
    public void A_log_of_sectors_completes_the_write(string suffix, int clusteringFactor, bool singleSectors)
    {
        Hivex.Need();
        var (before, after) = (s_states.Value[1], s_states.Value[2]);
        var image = new HiveImage(HiveLogWriter.Dirty(before, after, Sequence, page => page % 3 == 0))
            .WithLog(suffix, HiveLogWriter.Sectors(before, after, Sequence + 1, clusteringFactor, singleSectors));

        CheckRepaired(image, after, suffix);
    }

    [Fact]
    public void The_log_of_the_last_write_is_the_one_that_counts()
    {
        Hivex.Need();
        var states = s_states.Value;
        var image = new HiveImage(HiveLogWriter.Dirty(states[1], states[2], Sequence, page => page % 2 == 0))
            .WithLog(".LOG1", HiveLogWriter.Sectors(states[0], states[1], Sequence - 1))
            .WithLog(".LOG2", HiveLogWriter.Sectors(states[1], states[2], Sequence + 1));

        CheckRepaired(image, states[2], ".LOG1", ".LOG2");
    }

    [Fact]
    public void A_base_block_that_was_torn_comes_from_the_log()
    {
        Hivex.Need();
        var states = s_states.Value;
        var dirty = HiveLogWriter.Dirty(states[1], states[2], Sequence, page => false);
        dirty.AsSpan(40, 300).Fill(0x5A);
        CheckRepaired(new HiveImage(dirty).WithLog(".LOG1", HiveLogWriter.Sectors(states[1], states[2], Sequence + 1)), states[2], ".LOG1");

        // Of logs of entries only the later one is used then, which holds what the earlier one held.
        var whole = HiveLogWriter.Entry(states[0], states[3], Sequence + 7);
        var image = new HiveImage(dirty)
            .WithLog(".LOG1", HiveLogWriter.EntryLog(states[3], Sequence + 7, whole))
            .WithLog(".LOG2", HiveLogWriter.EntryLog(states[1], Sequence, HiveLogWriter.Entry(states[1], states[2], Sequence)));
        CheckRepaired(image, states[3], ".LOG1", ".LOG2");
    }

    [Theory]
    [InlineData(".LOG1", ".LOG2")]
    [InlineData(".LOG2", ".LOG1")]
    public void Entries_of_both_logs_are_applied_in_their_order(string first, string second)
    {
        Hivex.Need();
        var states = s_states.Value;
        var image = new HiveImage(HiveLogWriter.Dirty(states[1], states[1], Sequence, _ => false))
            .WithLog(first, HiveLogWriter.EntryLog(states[1], Sequence, HiveLogWriter.Entry(states[1], states[2], Sequence)))
            .WithLog(second, HiveLogWriter.EntryLog(
                states[2], Sequence + 1, HiveLogWriter.Entry(states[2], states[3], Sequence + 1), HiveLogWriter.Entry(states[3], states[4], Sequence + 2)));

        CheckRepaired(image, states[4], first, second);

        // Once for the repair, as Windows does, and once for the change that came after it.
        Assert.Equal(Sequence + 4, HiveImage.U32(image.Content, 4));
    }

    [Fact]
    public void Sequence_numbers_wrap_around()
    {
        Hivex.Need();
        var states = s_states.Value;
        var image = new HiveImage(HiveLogWriter.Dirty(states[1], states[1], uint.MaxValue, _ => false))
            .WithLog(".LOG1", HiveLogWriter.EntryLog(states[2], 0, HiveLogWriter.Entry(states[2], states[3], 0)))
            .WithLog(".LOG2", HiveLogWriter.EntryLog(states[1], uint.MaxValue, HiveLogWriter.Entry(states[1], states[2], uint.MaxValue)));

        CheckRepaired(image, states[3], ".LOG1", ".LOG2");
    }

    [Theory]
    [InlineData("torn")]
    [InlineData("gap")]
    [InlineData("older")]
    [InlineData("cut")]
    [InlineData("size")]
    public void Entries_end_where_the_guest_stopped(string end)
    {
        Hivex.Need();
        var states = s_states.Value;
        var last = HiveLogWriter.Entry(states[2], states[3], end switch { "gap" => Sequence + 2, "older" => Sequence - 5, _ => Sequence + 1 });
        if (end == "torn")
        {
            last[^600] ^= 1;
        }
        else if (end == "size")
        {
            HiveImage.U32(last, 16, HiveImage.U32(last, 16) + 512);
            HiveImage.U64(last, 32, HiveLogWriter.Marvin(last.AsSpan(0, 32)));
        }

        var log = HiveLogWriter.EntryLog(states[1], Sequence, HiveLogWriter.Entry(states[1], states[2], Sequence), last);
        var image = new HiveImage(HiveLogWriter.Dirty(states[1], states[1], Sequence, _ => false))
            .WithLog(".LOG1", end == "cut" ? log[..^1024] : log);

        CheckRepaired(image, states[2], ".LOG1");
    }

    [Fact]
    public void Logs_of_what_the_hive_holds_already_are_passed_over()
    {
        Hivex.Need();
        var states = s_states.Value;
        var image = new HiveImage(HiveLogWriter.Dirty(states[2], states[2], Sequence, _ => false))
            .WithLog(".LOG1", HiveLogWriter.EntryLog(states[0], Sequence - 1, HiveLogWriter.Entry(states[0], states[1], Sequence - 1)))
            .WithLog(".LOG2", HiveLogWriter.EntryLog(states[2], Sequence, HiveLogWriter.Entry(states[2], states[3], Sequence)));

        CheckRepaired(image, states[3], ".LOG1", ".LOG2");
    }

    [Fact]
    public void A_clean_hive_is_not_touched_by_its_logs_and_empties_them_when_it_is_saved()
    {
        Hivex.Need();
        var states = s_states.Value;
        var sequence = HiveImage.U32(states[1], 4);
        var image = new HiveImage(states[1])
            .WithLog(".LOG1", HiveLogWriter.EntryLog(states[1], sequence, HiveLogWriter.Entry(states[1], states[2], sequence)));

        var hive = image.Open();
        Assert.False(hive.WasDirty);
        hive.Save();
        Assert.Equal(states[1], image.Content);
        Assert.NotEqual(0, image.FileSystem.Find(HiveImage.Path + ".LOG1")!.Length);

        hive.Root.SetUInt32("state", 99);
        hive.Save();
        Assert.Equal(0, image.FileSystem.Find(HiveImage.Path + ".LOG1")!.Length);
        Assert.Equal(sequence + 1, HiveImage.U32(image.Content, 4));
        Assert.Equal(99u, image.Open().Root.GetUInt32("state"));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("empty")]
    [InlineData("older")]
    [InlineData("older sectors")]
    [InlineData("torn")]
    [InlineData("short")]
    [InlineData("no bitmap")]
    [InlineData("no bins")]
    public void A_hive_that_its_logs_do_not_repair_is_refused_with_the_way_out(string logs)
    {
        Hivex.Need();
        var states = s_states.Value;
        var image = new HiveImage(HiveLogWriter.Dirty(states[1], states[2], Sequence, page => page % 2 == 0));
        var entry = HiveLogWriter.Entry(states[0], states[1], Sequence - 3);
        switch (logs)
        {
            case "empty":
                image.WithLog(".LOG1", []).WithLog(".LOG2", []);
                break;
            case "older":
                image.WithLog(".LOG1", HiveLogWriter.EntryLog(states[0], Sequence - 3, entry));
                break;
            case "older sectors":
                image.WithLog(".LOG1", HiveLogWriter.Sectors(states[0], states[1], Sequence - 1));
                break;
            case "torn":
                entry = HiveLogWriter.Entry(states[1], states[2], Sequence);
                entry[60] ^= 1;
                image.WithLog(".LOG1", HiveLogWriter.EntryLog(states[1], Sequence, entry));
                break;
            case "short":
                image.WithLog(".LOG1", HiveLogWriter.Sectors(states[1], states[2], Sequence + 1)[..^2048]);
                break;
            case "no bitmap":
                var log = HiveLogWriter.Sectors(states[1], states[2], Sequence + 1);
                log[512] = 0;
                image.WithLog(".LOG1", log);
                break;
            case "no bins":
                var broken = (byte[])states[2].Clone();
                broken.AsSpan(broken.Length - 4096, 4).Clear();
                image.WithLog(".LOG1", HiveLogWriter.Sectors(states[1], broken, Sequence + 1));
                break;
        }

        var before = image.FileSystem.Listing();
        var e = Assert.Throws<GuestFileSystemException>(image.Open);
        Assert.Equal(V2VError.RegistryNotClean, e.Error);
        Assert.Equal(HiveImage.Path, e.Path);
        Assert.Contains("shut it down", e.Advice, StringComparison.Ordinal);
        Assert.Equal(before, image.FileSystem.Listing());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Damaged_logs_never_get_out_of_hand(bool isEntryLog)
    {
        Hivex.Need();
        var states = s_states.Value;
        var hive = HiveLogWriter.Dirty(states[1], states[2], Sequence, page => page % 2 == 0);
        var log = isEntryLog
            ? HiveLogWriter.EntryLog(states[1], Sequence, HiveLogWriter.Entry(states[1], states[2], Sequence), HiveLogWriter.Entry(states[2], states[3], Sequence + 1))
            : HiveLogWriter.Sectors(states[1], states[2], Sequence + 1);

        Mutations.Check(
            log,
            640,
            500,
            damaged =>
            {
                var image = new HiveImage(hive).WithLog(".LOG1", damaged).WithLog(".LOG2", damaged);
                var opened = image.Open();
                Assert.NotEmpty(HiveTree.Lines(opened.Root));
                opened.Create("New").SetString("v", "x");
                opened.Save();
                Assert.Equal("x", image.Open().Find("New")!.GetString("v"));
            },
            damaged =>
            {
                if (damaged.Length > 552)
                {
                    HiveImage.Seal(damaged);
                    var size = Math.Min(HiveImage.U32(damaged, 516), (uint)damaged.Length - 512);
                    HiveImage.U64(damaged, 536, HiveLogWriter.Marvin(damaged.AsSpan(552, (int)(Math.Max(size, 40) - 40) & ~3)));
                    HiveImage.U64(damaged, 544, HiveLogWriter.Marvin(damaged.AsSpan(512, 32)));
                }
            });
    }

    [Fact]
    public void The_hash_is_that_of_an_entry_that_Windows_wrote()
    {
        // Header of the first entry of a log of Windows 10: one piece of 20480 bytes.
        var header = new byte[32];
        "HvLE"u8.CopyTo(header);
        HiveImage.U32(header, 4, 24064);
        HiveImage.U32(header, 12, 2);
        HiveImage.U32(header, 16, 20480);
        HiveImage.U32(header, 20, 1);
        HiveImage.U64(header, 24, 0x67866C661807E431);

        Assert.Equal(0xCD44F3CFA7657F02, Marvin32.Hash(header));
        Assert.Equal(0xCD44F3CFA7657F02, HiveLogWriter.Marvin(header));
    }

    private static void CheckRepaired(HiveImage image, byte[] expected, params string[] logs)
    {
        var before = image.FileSystem.Listing();
        var hive = image.Open();
        Assert.True(hive.WasDirty);
        Assert.False(hive.IsChanged);
        Assert.Equal(Hivex.Dump(expected)[0], HiveTree.Lines(hive.Root));
        Assert.Equal(before, image.FileSystem.Listing());

        hive.Save();
        Assert.Equal(expected[4096..], image.Content[4096..expected.Length]);
        Assert.Equal(Hivex.Dump(expected)[0], Hivex.Dump(image.Content)[0]);
        Assert.All(logs, l => Assert.Equal(0, image.FileSystem.Find(HiveImage.Path + l)!.Length));
        hive = image.Open();
        Assert.False(hive.WasDirty);
        hive.Create("after\\all").SetString("v", "x");
        hive.Save();
        Assert.Equal("x", image.Open().Find("after\\all")!.GetString("v"));
        Assert.Equal(HiveTree.Lines(image.Open().Root), Hivex.Dump(image.Content)[0]);
    }

    /// <summary>Gives a state a time of its own, in the base block and in the first bin.</summary>
    private static byte[] Stamped(byte[] hive, int state)
    {
        var time = 0x01DA4C115D3A8000 + ((ulong)state * 10_000_000);
        HiveImage.U64(hive, 12, time);
        HiveImage.U64(hive, 4096 + 20, time);
        HiveImage.Seal(hive);
        return hive;
    }
}
