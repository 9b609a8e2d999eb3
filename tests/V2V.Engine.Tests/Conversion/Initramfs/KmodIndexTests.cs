using V2V.Engine.Conversion.Initramfs;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Initramfs;

/// <summary>kmod's own programs judge what is written and how aliases are matched.</summary>
public sealed class KmodIndexTests : IDisposable
{
    private readonly Workshop _workshop = new();

    public void Dispose() => _workshop.Dispose();

    [Theory]
    [InlineData("modules.dep.bin")]
    [InlineData("modules.alias.bin")]
    [InlineData("modules.symbols.bin")]
    public void What_depmod_wrote_survives_a_round_trip(string file)
    {
        var original = File.ReadAllBytes(Path.Combine(InstalledModules.Find().Folder, file));
        var index = KmodIndexFormat.Read(original);
        var written = KmodIndexFormat.Write(index);

        // The same trie, so the same size; only the order of nodes is the writer's choice.
        Assert.Equal(original.Length, written.Length);
        Assert.True(index.Count > 100);
        Assert.Equal(index.Entries.SelectMany(e => e.Value.Select(v => (e.Key, v))), KmodIndexFormat.Read(written).Entries.SelectMany(e => e.Value.Select(v => (e.Key, v))));
    }

    [Fact]
    public void Text_and_binary_forms_say_the_same()
    {
        var modules = InstalledModules.Find();
        Assert.Equal(
            KmodIndexFormat.Read(File.ReadAllBytes($"{modules.Folder}/modules.dep.bin")).Entries.Select(e => (e.Key, e.Value[0].Text)),
            KmodText.ReadDependencies(File.ReadAllText($"{modules.Folder}/modules.dep")).Entries.Select(e => (e.Key, e.Value[0].Text)));
        Assert.Equal(
            KmodIndexFormat.Read(File.ReadAllBytes($"{modules.Folder}/modules.alias.bin")).Entries.Select(e => e.Key),
            KmodText.ToIndex(KmodText.ReadAliases(File.ReadAllText($"{modules.Folder}/modules.alias"))).Entries.Select(e => e.Key));
    }

    [Fact]
    public void Modprobe_reads_a_written_index()
    {
        ExternalTool.Need("modprobe");
        var modules = InstalledModules.Find();
        var folder = Directory.CreateDirectory(Path.Combine(_workshop.Folder, "lib/modules", modules.Version)).FullName;
        foreach (var file in new[] { "modules.dep.bin", "modules.alias.bin" })
        {
            File.WriteAllBytes(Path.Combine(folder, file), KmodIndexFormat.Write(KmodIndexFormat.Read(File.ReadAllBytes(Path.Combine(modules.Folder, file)))));
        }

        foreach (var other in new[] { "kernel", "modules.softdep", "modules.builtin.bin", "modules.builtin.alias.bin" })
        {
            File.CreateSymbolicLink(Path.Combine(folder, other), Path.Combine(modules.Folder, other));
        }

        foreach (var name in new[] { "virtio_blk", "ext4", "pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00", "scsi:t-0x00", "mptsas" })
        {
            var theirs = ExternalTool.Check("modprobe", "-S", modules.Version, "--show-depends", name);
            var ours = ExternalTool.Check("modprobe", "-d", _workshop.Folder, "-S", modules.Version, "--show-depends", name);
            Assert.Equal(theirs.Replace("/lib/modules/", $"{_workshop.Folder}/lib/modules/", StringComparison.Ordinal), ours);
        }
    }

    [Fact]
    public void Devices_lead_to_the_modules_that_modprobe_finds()
    {
        ExternalTool.Need("modprobe");
        var modules = InstalledModules.Find();
        var index = KmodIndexFormat.Read(File.ReadAllBytes($"{modules.Folder}/modules.alias.bin"));
        var devices = new[]
        {
            "pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00", "virtio:d00000002v00001AF4", "virtio:d00000008v00001AF4", "scsi:t-0x00", "scsi:t-0x05",
            "pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01", "pci:v000015ADd000007C0sv000015ADsd000007C0bc01sc00i00",
            "pci:v00001000d00000030sv000015ADsd00001976bc01sc00i00", "usb:v046DpC52Bd1211dc00dsc00dp00ic03isc01ip01in00", "acpi:PNP0303:PNP030B:",
            "cpu:type:x86,ven0000fam0006mod00A5:feature:,0000,0001,0002,0003,0068,", "input:b0003v046DpC52Be0111-e0,1,2,3,4,14,k71,72,73,ram4,l0,1,sfw", "nothing:at-all",
            "dmi:bvnLENOVO:bvrN1:bd01/01/2020:svnLENOVO:pn20:pvrThinkPadX1:rvnLENOVO:rn20:", "platform:i8042", "of:NcpusT(null)Cintel,x86",
        };
        foreach (var device in devices)
        {
            var (_, output) = ExternalTool.Run("modprobe", "-S", modules.Version, "-R", device);
            var theirs = output.Split('\n').Where(l => l.Length > 0 && !l.Contains(' ')).Order().Distinct();
            // What is built in is found through another index.
            var ours = index.Match(device).Distinct().Order().ToArray();
            Assert.Equal(theirs.Where(m => !modules.Builtin().Contains(m)), ours);
        }
    }

    [Theory]
    [InlineData("a*c", "abbbc", true)]
    [InlineData("a*c", "abbbcd", false)]
    [InlineData("*a*b*", "xxaxxbxx", true)]
    [InlineData("*a*b*", "xxbxxaxx", false)]
    [InlineData("a?c", "ac", false)]
    [InlineData("[0-9a]x", "ax", true)]
    [InlineData("[!0-9]x", "5x", false)]
    [InlineData("[]a]x", "]x", true)]
    [InlineData("[a-]x", "-x", true)]
    [InlineData("[ax", "[ax", true)]
    [InlineData("a\\*", "a*", true)]
    [InlineData("a\\*", "ab", false)]
    [InlineData("", "", true)]
    [InlineData("**", "", true)]
    [InlineData("a", "", false)]
    public void Patterns_match_as_fnmatch_does(string pattern, string text, bool expected)
    {
        Assert.Equal(expected, KmodAlias.Matches(pattern, text));
    }

    [Theory]
    [InlineData("a-b", "a_b")]
    [InlineData("a-[0-9]-b", "a_[0-9]_b")]
    [InlineData("a]", null)]
    [InlineData("a[b", null)]
    public void Dashes_are_underscores_but_in_brackets(string alias, string? expected)
    {
        Assert.Equal(expected, KmodAlias.Normalise(alias));
    }

    [Fact]
    public void Values_of_one_key_are_ordered_by_priority()
    {
        var index = new KmodIndex();
        index.Add("k", "third", 7);
        index.Add("k", "first", 1);
        index.Add("k", "second", 1);
        index.Add("other", "x", 0);
        Assert.Equal(["first", "second", "third"], KmodIndexFormat.Read(KmodIndexFormat.Write(index)).Match("k"));
        Assert.Equal(8u, index.NextPriority());
    }

    [Fact]
    public void An_empty_index_can_be_written_and_read()
    {
        Assert.Equal(0, KmodIndexFormat.Read(KmodIndexFormat.Write(new KmodIndex())).Count);
    }

    [Fact]
    public void Mutated_indexes_end_in_an_error_of_ours_or_in_an_index()
    {
        var index = new KmodIndex();
        foreach (var i in Enumerable.Range(0, 200))
        {
            index.Add($"pci:v{i % 16:X8}d{i:X8}sv*", $"module_{i}", (uint)i);
        }

        var data = KmodIndexFormat.Write(index);
        var random = new Random(5);
        for (var i = 0; i < 3_000; i++)
        {
            var damaged = data.ToArray();
            for (var n = random.Next(1, 8); n > 0; n--)
            {
                damaged[random.Next(4, damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                KmodIndexFormat.Read(random.Next(4) == 0 ? damaged.AsSpan(0, random.Next(damaged.Length)) : damaged);
            }
            catch (V2VException e)
            {
                Assert.Equal(V2VError.ConversionFailed, e.Error);
            }
        }
    }

    [Fact]
    public void An_index_whose_nodes_form_a_loop_is_refused()
    {
        // A root with one child, which is the root.
        byte[] data = [0xB0, 0x07, 0xF4, 0x57, 0, 2, 0, 1, 0x20, 0, 0, 12, (byte)'a', (byte)'b', 0x20, 0, 0, 12, 0x20, 0, 0, 12];
        Assert.Contains("loop", Assert.Throws<ConversionException>(() => KmodIndexFormat.Read(data)).Message);
    }

    [Fact]
    public void Soft_dependencies_are_read()
    {
        var lines = KmodText.ReadSoftDependencies("# Soft dependencies\nsoftdep btrfs pre: crc32c post: raid6-pq  blake2b\nsoftdep other-one pre: x\n");
        Assert.Equal(["crc32c", "raid6_pq", "blake2b"], KmodText.SoftDependencies(lines["btrfs"]));
        Assert.Contains("other_one", lines.Keys);
    }

    [Fact]
    public void Merged_text_keeps_other_lines_and_replaces_those_of_a_module()
    {
        var lines = new Dictionary<string, string> { ["virtio_pci"] = "new/virtio_pci.ko: b.ko" };
        Assert.Equal(
            "kernel/a.ko: b.ko\nb.ko:\nnew/virtio_pci.ko: b.ko\n",
            KmodText.MergeDependencies("kernel/a.ko: b.ko\nold/virtio-pci.ko.xz:\nb.ko:\n", lines));
        Assert.Equal("# head\nalias a b\nalias x-* y\n", KmodText.MergeAliases("# head\nalias a b\n", [new KmodTextAlias("x-*", "y")]));
    }
}
