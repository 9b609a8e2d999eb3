using System.Buffers.Binary;
using System.Text;
using V2V.Engine.FileSystems;
using V2V.Engine.Registry;
using V2V.Engine.Tests.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.Registry;

/// <summary>Hives made by other programs, or laid out by hand, as the engine reads and changes them.</summary>
public sealed class RegistryHiveTests
{
    [Fact]
    public void A_hive_that_hivexregedit_made_is_read()
    {
        var hive = HiveImage.Open(Hivex.Merge(HiveImage.Empty(), """
            [HKEY_LOCAL_MACHINE\SYSTEM\Select]
            "Current"=dword:00000001

            [HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\Disk]
            "Start"=dword:00000000
            "ImagePath"=hex(2):53,00,79,00,73,00,00,00
            "Group"="SCSI Class"
            "Depend"=hex(7):61,00,00,00,62,00,63,00,00,00,00,00
            @="the default"
            "Long"=hex(b):01,00,00,00,00,00,00,00

            """));

        Assert.False(hive.WasDirty);
        Assert.Equal(HiveImage.Path, hive.Path);
        Assert.Equal(1u, hive.Find("select")!.GetUInt32("CURRENT"));
        var disk = hive.Find("controlset001\\SERVICES\\disk")!;
        Assert.Equal("Disk", disk.Name);
        Assert.Equal("ControlSet001\\Services\\Disk", disk.Path);
        Assert.Equal("Sys", disk.GetString("ImagePath"));
        Assert.Equal(RegistryValueKind.ExpandString, disk.FindValue("imagepath")!.Kind);
        Assert.Equal("SCSI Class", disk.GetString("Group"));
        Assert.Equal(["a", "bc"], disk.GetStrings("Depend"));
        Assert.Equal("the default", disk.GetString(""));
        Assert.Equal(RegistryValueKind.UInt64, disk.FindValue("Long")!.Kind);
        Assert.Null(disk.GetString("Start"));
        Assert.Null(disk.GetUInt32("Group"));
        Assert.Null(disk.GetStrings("Group"));
        Assert.Null(disk.FindValue("none"));
        Assert.Null(hive.Find("Select\\none"));
        Assert.Equal(["ControlSet001", "Select"], hive.Root.Keys.Select(k => k.Name));
        Assert.Same(hive.Root, hive.Find(""));
    }

    [Fact]
    public void A_registry_opens_its_hives_in_whatever_case_their_paths_are_spelled()
    {
        var files = new MemoryFileSystem("ext4")
            .With("/WINDOWS/system32/CONFIG/system", HiveImage.Empty(3))
            .With("/WINDOWS/system32/CONFIG/software", HiveImage.Empty(3))
            .With("/EFI/Microsoft/Boot/BCD", HiveImage.Empty(3, "NewStoreRoot"));
        var registry = GuestRegistry.Open(new GuestRoot([new GuestMount("/", files, MemoryVolume.Partition(0, 1))]), "/Windows");

        registry.System.Create("Select").SetUInt32("Current", 2);
        registry.OpenHive("/efi/microsoft/boot/bcd").Create("Objects");
        Assert.Same(registry.System, registry.System);
        Assert.True(registry.System.IsChanged);
        Assert.False(registry.Software.IsChanged);
        registry.Save();

        Assert.False(registry.System.IsChanged);
        Assert.Equal(HiveImage.Empty(3), files.ReadAllBytes("/WINDOWS/system32/CONFIG/software"));
        Assert.Equal(2u, HiveImage.Open(files.ReadAllBytes("/WINDOWS/system32/CONFIG/system")).Find("Select")!.GetUInt32("Current"));
        Assert.NotNull(HiveImage.Open(files.ReadAllBytes("/EFI/Microsoft/Boot/BCD")).Find("Objects"));
    }

    [Theory]
    [InlineData(3, 'f')]
    [InlineData(5, 'h')]
    public void Keys_are_found_although_hints_lie_and_lists_get_right_when_they_change(int minorVersion, char kind)
    {
        var image = new HiveImage(HiveImage.Empty(minorVersion));
        var hive = image.Open();
        for (var i = 0; i < 40; i++)
        {
            hive.Create($"List\\Name {i:00}");
        }

        hive.Save();
        var content = image.Content;
        var list = Lists(content).Single(l => content[l + 1] == kind && BinaryPrimitives.ReadUInt16LittleEndian(content.AsSpan(l + 2)) == 40);
        for (var i = 0; i < 40; i++)
        {
            HiveImage.U32(content, list + 8 + (i * 8), 0x21212121);
        }

        // And two that are not in their places.
        var (a, b) = (HiveImage.U32(content, list + 4 + (5 * 8)), HiveImage.U32(content, list + 4 + (30 * 8)));
        HiveImage.U32(content, list + 4 + (5 * 8), b);
        HiveImage.U32(content, list + 4 + (30 * 8), a);

        image = new HiveImage(content);
        hive = image.Open();
        for (var i = 0; i < 40; i++)
        {
            Assert.NotNull(hive.Find($"LIST\\name {i:00}"));
        }

        Assert.Null(hive.Find("List\\Name 40"));
        hive.Create("List\\Name 20a");
        hive.Save();
        HiveChecker.Check(image.Content);
        Assert.Equal(41, image.Open().Find("List")!.Keys.Count());
    }

    [Fact]
    public void Lists_without_hints_are_read_and_extended()
    {
        var image = new HiveImage(HiveImage.Empty());
        var hive = image.Open();
        for (var i = 0; i < 40; i++)
        {
            hive.Create($"List\\Name {i:00}");
        }

        hive.Save();
        var content = image.Content;
        var list = Lists(content).Single(l => BinaryPrimitives.ReadUInt16LittleEndian(content.AsSpan(l + 2)) == 40);
        content[list + 1] = (byte)'i';
        for (var i = 0; i < 40; i++)
        {
            HiveImage.U32(content, list + 4 + (i * 4), HiveImage.U32(content, list + 4 + (i * 8)));
        }

        image = new HiveImage(content);
        hive = image.Open();
        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"Name {i:00}"), hive.Find("List")!.Keys.Select(k => k.Name));
        Assert.NotNull(hive.Find("List\\NAME 39"));
        for (var i = 0; i < 2000; i++)
        {
            hive.Create($"List\\Another {i:0000}");
        }

        Assert.True(hive.Root.Delete("List\\Name 07"));
        hive.Save();
        HiveChecker.Check(image.Content);
        Assert.Equal(2039, image.Open().Find("List")!.Keys.Count());
    }

    [Fact]
    public void Lists_of_lists_of_lists_are_read_and_flattened_when_they_change()
    {
        var image = new HiveImage(HiveImage.Empty());
        var hive = image.Open();
        for (var i = 0; i < 1200; i++)
        {
            hive.Create($"List\\Name {i:0000}");
        }

        hive.Find("List")!.Set("spare", RegistryValueKind.Binary, "spare cell"u8.ToArray().Concat(new byte[30]).ToArray());
        hive.Save();
        var content = image.Content;

        // The cell of a value's data becomes a list that names the list of lists.
        var root = Lists(content).Single(l => content[l] == 'r');
        var cell = content.AsSpan().IndexOf("spare cell"u8);
        "ri\x01\0"u8.CopyTo(content.AsSpan(cell));
        HiveImage.U32(content, cell + 4, (uint)(root - 4100));
        var value = content.AsSpan().IndexOf("spare"u8) - 20;
        HiveImage.U32(content, value + 4, 0x80000000);
        var key = content.AsSpan().IndexOf("List"u8) - 76;
        HiveImage.U32(content, key + 28, (uint)(cell - 4100));

        image = new HiveImage(content);
        hive = image.Open();
        Assert.Equal(1200, hive.Find("List")!.Keys.Count());
        Assert.NotNull(hive.Find("List\\Name 1199"));
        hive.Create("List\\Name 0100a");
        for (var i = 300; i < 900; i++)
        {
            Assert.True(hive.Root.Delete($"List\\Name {i:0000}"));
        }

        hive.Save();
        HiveChecker.Check(image.Content);
        Assert.Equal(601, image.Open().Find("List")!.Keys.Count());
    }

    [Fact]
    public void Class_names_are_read_and_freed_with_their_keys()
    {
        var image = new HiveImage(HiveImage.Empty());
        var hive = image.Open();
        hive.Create("Lsa\\JD").Set("v", RegistryValueKind.Binary, Encoding.Unicode.GetBytes("0f1e2d3c"));
        hive.Save();
        var content = image.Content;

        // The value's data becomes the key's class.
        var data = content.AsSpan().IndexOf(Encoding.Unicode.GetBytes("0f1e2d3c"));
        var key = content.AsSpan().IndexOf("JD"u8) - 76;
        HiveImage.U32(content, key + 48, (uint)(data - 4100));
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(key + 74), 16);
        var value = content.AsSpan().IndexOf("vk"u8);
        HiveImage.U32(content, value + 4, 0x80000000);

        image = new HiveImage(content);
        hive = image.Open();
        Assert.Equal("0f1e2d3c", hive.Find("Lsa\\JD")!.ClassName);
        Assert.Null(hive.Root.ClassName);
        hive.Root.Delete("Lsa");
        hive.Save();
        HiveChecker.Check(image.Content);
    }

    [Fact]
    public void A_security_descriptor_goes_with_the_last_key_that_uses_it()
    {
        var image = new HiveImage(HiveImage.Empty());
        var hive = image.Open();
        hive.Create("Own").Set("v", RegistryValueKind.Binary, new byte[60]);
        hive.Save();
        var content = image.Content;

        // The value's data becomes a second descriptor, a copy of the first, in the ring with it.
        var first = (int)HiveImage.U32(content, 4096 + 36 + 44) + 4100;
        var value = content.AsSpan().IndexOf("vk"u8);
        var second = (int)HiveImage.U32(content, value + 8) + 4100;
        HiveImage.U32(content, value + 4, 0x80000000);
        content.AsSpan(first, 60).CopyTo(content.AsSpan(second));
        foreach (var (at, other, count) in new[] { (first, second, 1u), (second, first, 1u) })
        {
            HiveImage.U32(content, at + 4, (uint)other - 4100);
            HiveImage.U32(content, at + 8, (uint)other - 4100);
            HiveImage.U32(content, at + 12, count);
        }

        var key = content.AsSpan().IndexOf("Own"u8) - 76;
        HiveImage.U32(content, key + 44, (uint)second - 4100);
        HiveChecker.Check(content);

        image = new HiveImage(content);
        hive = image.Open();
        hive.Create("Own\\Below");
        hive.Save();
        HiveChecker.Check(image.Content);
        Assert.Equal(2u, HiveImage.U32(image.Content, second + 12));
        hive.Root.Delete("Own");
        hive.Save();
        HiveChecker.Check(image.Content);
        Assert.Equal((uint)first - 4100, HiveImage.U32(image.Content, first + 4));
    }

    [Fact]
    public void Names_and_depths_are_limited_as_Windows_limits_them()
    {
        var hive = HiveImage.Open(HiveImage.Empty());
        hive.Create(new string('n', 255)).SetString(new string('v', 16383), "x");
        Assert.Throws<ArgumentException>(() => hive.Create(new string('n', 256)));
        Assert.Throws<ArgumentException>(() => hive.Root.SetString(new string('v', 16384), "x"));
        Assert.Throws<ArgumentException>(() => hive.Root.SetStrings("v", ["a", ""]));
        hive.Create(string.Join('\\', Enumerable.Repeat("d", 512)));
        Assert.Throws<ArgumentException>(() => hive.Create(string.Join('\\', Enumerable.Repeat("d", 513))));
        Assert.True(hive.Root.Delete("d"));
        Assert.False(hive.Root.Delete("d"));
    }

    [Fact]
    public void A_deleted_key_is_not_taken_for_the_one_that_comes_after_it()
    {
        var hive = HiveImage.Open(HiveImage.Empty());
        var key = hive.Create("one");
        hive.Root.Delete("one");
        hive.Create("two");

        Assert.Throws<InvalidOperationException>(() => key.SetString("v", "x"));
        Assert.Throws<InvalidOperationException>(() => key.FindValue("v"));
        Assert.Throws<InvalidOperationException>(() => key.Create("below"));
    }

    [Fact]
    public void What_is_set_is_dated_and_what_is_set_already_is_left_alone()
    {
        var image = new HiveImage(HiveImage.Empty());
        var hive = image.Open();
        var before = DateTimeOffset.UtcNow.AddSeconds(-1);
        var key = hive.Create("key");
        key.SetUInt32("v", 1);
        Assert.InRange(key.LastWritten, before, DateTimeOffset.UtcNow.AddSeconds(1));
        hive.Save();

        hive = image.Open();
        hive.Create("KEY").SetUInt32("V", 1);
        Assert.False(hive.IsChanged);
        Assert.False(hive.Find("key")!.DeleteValue("w"));
        Assert.False(hive.IsChanged);
        hive.Create("KEY").SetUInt32("V", 2);
        Assert.True(hive.IsChanged);
        Assert.Equal("v", hive.Find("key")!.Values.Single().Name);
    }

    /// <summary>Offsets in the file of lists of subkeys.</summary>
    private static IEnumerable<int> Lists(byte[] hive) => HiveChecker.Cells(hive)
        .Select(c => (int)c.Offset + 4100)
        .Where(at => Encoding.ASCII.GetString(hive, at, 2) is "lf" or "lh" or "li" or "ri");
}
