using V2V.Engine.Registry;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.Registry;

/// <summary>Damaged hives: whatever is read from them or changed in them either works or ends in the library's exception, soon.</summary>
public sealed class MalformedHiveTests
{
    [Fact]
    public void Damaged_bytes_never_get_out_of_hand()
    {
        var hive = MakeHive();

        Mutations.Check(hive, hive.Length, 500, Use, damaged => Seal(damaged));
    }

    [Fact]
    public void Damaged_references_never_get_out_of_hand()
    {
        var hive = MakeHive();
        var cells = HiveChecker.Cells(hive);

        // What the mutation itself is does the rest: it is told no more than a length that holds no byte of the hive.
        var seed = 0;
        Mutations.Check(
            hive,
            1,
            500,
            _ =>
            {
                var damaged = (byte[])hive.Clone();
                var random = new Random(seed++);
                for (var changes = random.Next(1, 4); changes > 0; changes--)
                {
                    var cell = cells[random.Next(cells.Count)];
                    var field = (int)cell.Offset + (random.Next(Math.Min(cell.Size, 100) / 2) * 2);
                    HiveImage.U32(damaged, 4096 + field, random.Next(6) switch
                    {
                        0 => 0,
                        1 => uint.MaxValue,
                        2 => cell.Offset,
                        3 => (uint)random.Next(70_000),
                        _ => cells[random.Next(cells.Count)].Offset,
                    });
                }

                Use(damaged);
            });
    }

    [Fact]
    public void Keys_that_contain_each_other_are_refused()
    {
        var image = new HiveImage(HiveImage.Empty());
        var hive = image.Open();
        hive.Create("A\\B\\C");
        hive.Save();
        var content = image.Content;
        var nodes = HiveChecker.Cells(content).Where(c => content.AsSpan(4100 + (int)c.Offset).StartsWith("nk"u8)).Select(c => (int)c.Offset + 4100).ToList();

        // C gets the list of A, so that it contains B, which contains it.
        content.AsSpan(nodes[1] + 20, 16).CopyTo(content.AsSpan(nodes[3] + 20));

        hive = HiveImage.Open(content);
        var e = Assert.Throws<GuestFileSystemException>(() => HiveTree.Lines(hive.Root).Count());
        Assert.Equal(V2VError.RegistryCorrupt, e.Error);
        Assert.Equal(HiveImage.Path, e.Path);
        Assert.NotNull(e.Offset);
        Assert.Throws<GuestFileSystemException>(() => hive.Root.Delete("A"));
        Assert.NotNull(hive.Find("A\\B\\C"));
    }

    [Fact]
    public void A_change_that_fails_leaves_the_hive_as_it_was()
    {
        var image = new HiveImage(MakeHive());
        var content = image.Content;
        var lines = HiveTree.Lines(image.Open().Root).ToList();

        // A key whose security descriptor is none, which shows when others are deleted already.
        var broken = HiveChecker.Cells(content).Single(c => content.AsSpan(4100 + (int)c.Offset + 76).StartsWith("Key300"u8));
        HiveImage.U32(content, 4100 + (int)broken.Offset + 44, 0x40);
        var hive = HiveImage.Open(content);
        Assert.Throws<GuestFileSystemException>(() => hive.Root.Delete("Keys"));

        Assert.False(hive.IsChanged);
        Assert.Equal(lines, HiveTree.Lines(hive.Root));
        hive.Create("Other\\Place").SetString("v", "x");
        Assert.NotNull(hive.Find("Other\\Place"));
    }

    [Theory]
    [InlineData(20, 2, V2VError.RegistryUnsupported)]
    [InlineData(24, 1, V2VError.RegistryUnsupported)]
    [InlineData(24, 7, V2VError.RegistryUnsupported)]
    [InlineData(28, 6, V2VError.RegistryCorrupt)]
    [InlineData(32, 2, V2VError.RegistryCorrupt)]
    [InlineData(36, 8, V2VError.RegistryCorrupt)]
    [InlineData(36, 0xFFFFFFFF, V2VError.RegistryCorrupt)]
    [InlineData(40, 0, V2VError.RegistryCorrupt)]
    [InlineData(40, 4097, V2VError.RegistryCorrupt)]
    [InlineData(40, 0x7FFFF000, V2VError.RegistryCorrupt)]
    public void Base_blocks_that_make_no_sense_are_refused_by_what_is_wrong(int offset, uint value, V2VError error)
    {
        var hive = HiveImage.Empty();
        HiveImage.U32(hive, offset, value);
        HiveImage.Seal(hive);

        var e = Assert.Throws<GuestFileSystemException>(() => HiveImage.Open(hive));
        Assert.Equal(error, e.Error);
        Assert.Equal(HiveImage.Path, e.Path);
        Assert.Equal("registry hive", e.Format);
    }

    [Fact]
    public void What_is_no_hive_or_not_there_is_refused()
    {
        Assert.Equal(V2VError.RegistryCorrupt, Assert.Throws<GuestFileSystemException>(() => HiveImage.Open(new byte[8192])).Error);
        Assert.Equal(V2VError.RegistryCorrupt, Assert.Throws<GuestFileSystemException>(() => HiveImage.Open([])).Error);
        Assert.Equal(V2VError.RegistryCorrupt, Assert.Throws<GuestFileSystemException>(() => HiveImage.Open(HiveImage.Empty()[..6000])).Error);
        Assert.Equal(
            V2VError.GuestPathNotFound,
            Assert.Throws<GuestFileSystemException>(() => RegistryHive.Open(new HiveImage([]).Root, "/Windows/System32/config/SAM")).Error);
    }

    private static bool Seal(byte[] hive)
    {
        if (hive.Length >= 512)
        {
            HiveImage.Seal(hive);
        }

        return true;
    }

    /// <summary>Keys under several lists, values of every form, some free cells.</summary>
    private static byte[] MakeHive()
    {
        var image = new HiveImage(HiveImage.Empty());
        var hive = image.Open();
        for (var i = 0; i < 600; i++)
        {
            hive.Create($"Keys\\Key{i:000}");
        }

        var values = hive.Create("Values");
        values.SetString("", "default");
        values.SetUInt32("number", 7);
        values.Set("large", RegistryValueKind.Binary, new byte[40_000]);
        values.Set("größe", RegistryValueKind.Binary, new byte[400]);
        values.SetStrings("schlüssel 試験", ["a", "b"]);
        hive.Create("Deep\\1\\2\\3\\4\\5\\6").SetString("v", "x");
        hive.Create("Gone").Set("v", RegistryValueKind.Binary, new byte[3000]);
        hive.Root.Delete("Gone");
        hive.Save();
        return image.Content;
    }

    /// <summary>Reads everything and changes in many places; throws the first of the library's exceptions.</summary>
    private static void Use(byte[] content)
    {
        GuestFileSystemException? refusal = null;
        void Try(Action action)
        {
            try
            {
                action();
            }
            catch (GuestFileSystemException e)
            {
                refusal ??= e;
            }
        }

        var image = new HiveImage(content);
        var hive = image.Open();
        Walk(hive.Root);
        Try(() => hive.Find("Keys\\Key300"));
        Try(() => hive.Find("Values")?.GetString(""));
        Try(() => hive.Create("Keys\\Key300a\\New").SetString("v", new string('x', 20_000)));
        Try(() => hive.Create("Values").SetString("number", "no number"));
        Try(() => hive.Create("Values").Set("large", RegistryValueKind.Binary, new byte[30]));
        Try(() => hive.Create("Values").DeleteValue("größe"));
        Try(() => hive.Root.Delete("Deep"));
        Try(() => hive.Root.Delete("Keys\\Key100"));
        Try(() => hive.Root.Delete("Keys"));
        for (var i = 0; i < 20; i++)
        {
            Try(() => hive.Create($"More\\{i}").Set("v", RegistryValueKind.Binary, new byte[i * 300]));
        }

        hive.Save();
        hive = image.Open();
        Walk(hive.Root);
        if (refusal is not null)
        {
            throw refusal;
        }

        void Walk(RegistryKey key)
        {
            Try(() => Assert.True(key.Values.Sum(v => v.Data.Length) >= 0));
            Try(() => Assert.True((key.ClassName?.Length ?? 0) + key.LastWritten.Year > 0));
            Try(() =>
            {
                foreach (var child in key.Keys)
                {
                    Walk(child);
                }
            });
        }
    }
}
