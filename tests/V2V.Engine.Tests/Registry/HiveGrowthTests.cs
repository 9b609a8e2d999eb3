using System.Globalization;
using V2V.Engine.Registry;
using Xunit;

namespace V2V.Engine.Tests.Registry;

/// <summary>Hives that grow, and hives that are handed back and forth between the editor and hivex.</summary>
public sealed class HiveGrowthTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void Twenty_thousand_subkeys_stand_under_one_key(int minorVersion)
    {
        Hivex.Need();
        var image = new HiveImage(HiveImage.Empty(minorVersion));
        var model = new HiveTree();
        var hive = image.Open();
        var order = Enumerable.Range(0, 20_000).ToArray();
        new Random(1).Shuffle(order);
        foreach (var i in order)
        {
            model.Create(string.Create(CultureInfo.InvariantCulture, $"Classes\\{{{i * 7919:X8}}}"));
            hive.Create(string.Create(CultureInfo.InvariantCulture, $"Classes\\{{{i * 7919:X8}}}"));
        }

        hive.Save();
        HiveChecker.Check(image.Content);
        Assert.Equal(model.Lines(), Hivex.Dump(image.Content)[0]);

        foreach (var i in order.Take(15_000))
        {
            model.Delete(string.Create(CultureInfo.InvariantCulture, $"Classes\\{{{i * 7919:X8}}}"));
            Assert.True(hive.Root.Delete(string.Create(CultureInfo.InvariantCulture, $"Classes\\{{{i * 7919:X8}}}")));
        }

        hive.Save();
        HiveChecker.Check(image.Content);
        Assert.Equal(model.Lines(), Hivex.Dump(image.Content)[0]);
        var length = image.Content.Length;
        hive.Root.Delete("Classes");
        for (var i = 0; i < 300; i++)
        {
            hive.Create($"Classes\\{i}").Set("v", RegistryValueKind.Binary, new byte[3000]);
        }

        hive.Save();
        HiveChecker.Check(image.Content);
        Assert.Equal(length, image.Content.Length);
    }

    [Fact]
    public void A_hive_grows_past_its_bins_and_what_was_in_it_stays_byte_by_byte()
    {
        Hivex.Need();
        var before = Hivex.Merge(HiveImage.Empty(), string.Join('\n', Enumerable.Range(0, 300).Select(i =>
            $"[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Services\\Service{i}]\n\"Start\"=dword:{i:x8}\n\"ImagePath\"=\"system32\\\\drivers\\\\{i}.sys\"\n")));
        var image = new HiveImage(before);
        var hive = image.Open();
        hive.Create("ControlSet001\\Services\\viostor\\Parameters\\PnpInterface").SetUInt32("5", 1);
        hive.Find("ControlSet001\\Services\\Service7")!.SetString("ImagePath", new string('x', 40_000));
        hive.Find("ControlSet001\\Services\\Service9")!.Set("Large", RegistryValueKind.Binary, Enumerable.Range(0, 200_000).Select(i => (byte)i).ToArray());
        hive.Root.Delete("ControlSet001\\Services\\Service8");
        hive.Save();

        var after = image.Content;
        HiveChecker.Check(after);
        Assert.True(after.Length > before.Length + 200_000);
        Assert.Equal((uint)after.Length, 4096 + HiveImage.U32(after, 40));
        var (old, now) = (Hivex.Export(before), Hivex.Export(after));
        const string Services = "P\\ControlSet001\\Services\\";
        Assert.Equal([Services + "Service7", Services + "Service8", Services + "Service9"], old.Keys.Where(k => !now.TryGetValue(k, out var text) || text != old[k]).Order());
        Assert.Equal(
            [Services + "viostor", Services + "viostor\\Parameters", Services + "viostor\\Parameters\\PnpInterface"],
            now.Keys.Where(k => !old.ContainsKey(k)).Order());
        Assert.Contains("\"5\"=dword:00000001", now[Services + "viostor\\Parameters\\PnpInterface"], StringComparison.Ordinal);
    }

    [Fact]
    public void Only_changed_pages_are_written()
    {
        var image = new HiveImage(HiveImage.Empty());
        var hive = image.Open();
        for (var i = 0; i < 2000; i++)
        {
            hive.Create($"Keys\\Key {i:0000}").SetUInt32("v", (uint)i);
        }

        hive.Save();
        var before = image.Content;
        hive = image.Open();
        hive.Find("Keys\\Key 1000")!.SetUInt32("v", 7);
        hive.Save();
        var after = image.Content;
        var pages = Enumerable.Range(0, before.Length / 4096).Where(p => !before.AsSpan(p * 4096, 4096).SequenceEqual(after.AsSpan(p * 4096, 4096)));
        Assert.InRange(pages.Count(), 2, 3);
    }

    [Fact]
    public void A_hive_larger_than_what_is_kept_of_it_in_memory_is_read_and_changed_in_parts()
    {
        const int Keys = 4000;
        var image = new HiveImage(HiveImage.Empty());
        var hive = image.Open();
        var model = new HiveTree();
        for (var i = 0; i < Keys; i++)
        {
            Set(i, 3000, (byte)i);
        }

        hive.Save();
        Assert.True(image.Content.Length > 12 << 20);

        // Opening it and looking a few keys up costs what these cost, not what the hive is long.
        var before = GC.GetAllocatedBytesForCurrentThread();
        hive = image.Open();
        Assert.NotNull(hive.Find("Group 3\\Key 13"));
        Assert.Equal(3000, hive.Find($"Group 9\\Key {Keys - 1}")!.FindValue("v")!.Data.Length);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 << 20);

        // Changes all over it, between walks that push unchanged pages out.
        for (var round = 1; round <= 3; round++)
        {
            for (var i = round; i < Keys; i += 97)
            {
                Set(i, 500 * round, 0xAA);
            }

            Assert.Equal(model.Lines(), HiveTree.Lines(hive.Root));
        }

        hive.Save();
        Set(7, 100, 1);
        Assert.Equal(model.Lines(), HiveTree.Lines(hive.Root));
        hive.Save();
        HiveChecker.Check(image.Content);
        Assert.Equal(model.Lines(), HiveTree.Lines(image.Open().Root));

        void Set(int i, int length, byte fill)
        {
            var data = new byte[length];
            Array.Fill(data, fill);
            model.Create($"Group {i % 10}\\Key {i}").Set("v", 3, data);
            hive.Create($"Group {i % 10}\\Key {i}").Set("v", RegistryValueKind.Binary, data);
        }
    }

    [Fact]
    public void Hivex_and_the_editor_hand_a_hive_back_and_forth()
    {
        Hivex.Need();
        var image = new HiveImage(HiveImage.Empty());
        var model = new HiveTree();
        for (var round = 0; round < 6; round++)
        {
            var hive = image.Open();
            for (var i = 0; i < 30; i++)
            {
                var path = $"Round\\{(i * 37) % 30}\\ours {round}";
                var data = new byte[(i * 50) + (round * 1000)];
                Array.Fill(data, (byte)i);
                hive.Create(path).Set("value", RegistryValueKind.Binary, data);
                model.Create(path).Set("value", 3, data);
            }

            Assert.True(hive.Root.Delete($"Round\\{round}\\ours {round}"));
            model.Delete($"Round\\{round}\\ours {round}");
            hive.Save();
            Assert.Equal(model.Lines(), Hivex.Dump(image.Content)[0]);

            var edited = Hivex.Edit(
                image.Content,
                $$"""
                r = h.node_get_child(h.root(), "Round")
                for i in range(30):
                    n = h.node_add_child(h.node_get_child(r, str(i)), "theirs {{round}}")
                    h.node_set_value(n, {"key": "value", "t": 3, "value": bytes([i]) * (i * 40)})
                h.node_delete_child(h.node_get_child(h.node_get_child(r, "20"), "theirs {{round}}"))
                """);
            for (var i = 0; i < 30; i++)
            {
                var data = new byte[i * 40];
                Array.Fill(data, (byte)i);
                model.Create($"Round\\{i}\\theirs {round}").Set("value", 3, data);
            }

            model.Delete($"Round\\20\\theirs {round}");
            image = new HiveImage(edited);
            Assert.Equal(model.Lines(), HiveTree.Lines(image.Open().Root));
        }
    }

    [Fact]
    public void Old_versions_keep_long_data_in_one_cell_and_refuse_what_is_too_long()
    {
        Hivex.Need();
        var image = new HiveImage(HiveImage.Empty(3));
        var hive = image.Open();
        var data = new byte[500_000];
        new Random(3).NextBytes(data);
        hive.Root.Set("large", RegistryValueKind.Binary, data);
        var e = Assert.Throws<GuestFileSystemException>(() => hive.Root.Set("huge", RegistryValueKind.Binary, new byte[(1 << 20) + 1]));
        Assert.Equal(V2VError.RegistryUnsupported, e.Error);
        hive.Save();

        HiveChecker.Check(image.Content);
        Assert.Equal(data, image.Open().Root.FindValue("large")!.Data.ToArray());
        Assert.Equal(HiveTree.Lines(image.Open().Root), Hivex.Dump(image.Content)[0]);
    }
}
