using System.Text;
using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks.Vmdk;

/// <summary>Descriptors as other products write them, and as nobody should.</summary>
public sealed class VmdkDescriptorTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Text(string createType, string extents, string cid = "12345678", string more = "") =>
        $"# Disk DescriptorFile\nversion=1\nencoding=\"UTF-8\"\nCID={cid}\nparentCID=ffffffff\ncreateType=\"{createType}\"\n{more}"
        + $"\n# Extent description\n{extents}\n\n# The Disk Data Base\n#DDB\n\nddb.adapterType = \"lsilogic\"\n";

    [Fact]
    public void Extents_of_several_kinds_make_one_disk()
    {
        byte[] flat = SampleDisk.Create(3 << 20, seed: 8);
        _folder.Write("guest-flat.vmdk", flat);
        string path = _folder.Write("guest.vmdk", Text(
            "vmfs", "RW 2048 VMFS \"guest-flat.vmdk\"\nRW 4096 ZERO\nRDONLY 1024 FLAT \"guest-flat.vmdk\" 2048"));
        byte[] expected = [.. flat[..(1 << 20)], .. new byte[2 << 20], .. flat[(1 << 20)..((1 << 20) + (512 << 10))]];
        Assert.Equal("vmfs", DiskImages.Inspect(path).Detail);
        using BlockDevice device = DiskImages.Open(path);
        DiskAssert.Holds(expected, device);
    }

    [Theory]
    [InlineData("\r\n", "UTF-8")]
    [InlineData("\n", "windows-1252")]
    [InlineData("\r\n", "windows-1252")]
    [InlineData("\n", "no-such-encoding")]
    public void Line_ends_and_encodings_are_those_of_the_machine_that_wrote_it(string lineEnd, string encoding)
    {
        string name = encoding == "windows-1252" ? "büro-flat.vmdk" : "buero flat.vmdk";
        _folder.Write(name, new byte[1 << 20]);
        string text = Text("monolithicFlat", $"RW 2048 FLAT \"{name}\" 0").Replace("UTF-8", encoding, StringComparison.Ordinal)
            .Replace("\n", lineEnd, StringComparison.Ordinal);
        string path = _folder.Write("disk.vmdk", Encoding.Latin1.GetBytes(text));
        Assert.Equal(1 << 20, DiskImages.Inspect(path).Capacity);
    }

    [Theory]
    [InlineData("fullDevice", "RW 2048 FLAT \"/dev/sda\" 0", "physical")]
    [InlineData("vmfsRaw", "RW 2048 VMFSRAW \"x-rdm.vmdk\"", "physical")]
    [InlineData("vmfsRDM", "RW 2048 VMFSRDM \"x-rdm.vmdk\"", "Clone")]
    [InlineData("custom", "RW 2048 VMFSRDM \"x-rdm.vmdk\"", "physical")]
    [InlineData("monolithicFlat", "NOACCESS 2048 FLAT \"x\" 0", "physical")]
    public void Types_that_cannot_be_read_are_refused_by_name(string createType, string extent, string advice)
    {
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder.Write("disk.vmdk", Text(createType, extent))));
        Assert.Equal(V2VError.DiskImageUnsupported, e.Error);
        Assert.Contains(createType == "custom" ? "VMFSRDM" : createType == "monolithicFlat" ? "NOACCESS" : createType, e.Message, StringComparison.Ordinal);
        Assert.Contains(advice, e.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void Encrypted_disks_are_refused_by_name() => Assert.Contains("encrypted", Assert.Throws<DiskImageException>(() => DiskImages.Open(
        _folder.Write("disk.vmdk", Text("monolithicFlat", "RW 2048 FLAT \"x\" 0", more: "encryptionKeys=\"vmware:key/list\"\n")))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("RW 2048 FLAT \"../outside/secret\" 0")]
    [InlineData("RW 2048 FLAT \"{0}/secret\" 0")]
    [InlineData("RW 2048 FLAT \"link.vmdk\" 0")]
    [InlineData("RW 2048 FLAT \"folder/secret\" 0")]
    public void An_extent_outside_the_folder_is_refused_unless_it_is_allowed(string extent)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs symbolic links");
        string outside = Directory.CreateDirectory(_folder["outside"]).FullName;
        string guest = Directory.CreateDirectory(_folder["guest"]).FullName;
        File.WriteAllBytes(Path.Combine(outside, "secret"), new byte[1 << 20]);
        File.CreateSymbolicLink(Path.Combine(guest, "link.vmdk"), Path.Combine(outside, "secret"));
        Directory.CreateSymbolicLink(Path.Combine(guest, "folder"), "../outside");
        string path = Path.Combine(guest, "disk.vmdk");
        File.WriteAllText(path, Text("monolithicFlat", string.Format(null, extent, outside)));

        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(path));
        Assert.Equal(V2VError.DiskImageOutsideFolder, e.Error);
        Assert.Equal(path, e.Path);
        Assert.Equal(1 << 20, DiskImages.Inspect(path, new DiskOpenOptions { AllowOutsideFolder = [outside] }).Capacity);
    }

    [Fact]
    public void A_link_to_a_descriptor_finds_the_extents_beside_the_descriptor()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs symbolic links");
        Directory.CreateDirectory(_folder["store"]);
        File.WriteAllBytes(_folder["store/d-flat.vmdk"], new byte[1 << 20]);
        File.WriteAllText(_folder["store/d.vmdk"], Text("vmfs", "RW 2048 VMFS \"d-flat.vmdk\""));
        File.CreateSymbolicLink(_folder["link.vmdk"], "store/d.vmdk");
        Assert.Equal(1 << 20, DiskImages.Inspect(_folder["link.vmdk"]).Capacity);
    }

    [Fact]
    public void A_missing_extent_is_named()
    {
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder.Write("disk.vmdk", Text("vmfs", "RW 2048 VMFS \"gone-flat.vmdk\""))));
        Assert.Equal(V2VError.DiskImageNotFound, e.Error);
        Assert.Contains("gone-flat.vmdk", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_extent_that_is_too_short_is_damaged()
    {
        _folder.Write("d-flat.vmdk", new byte[1000]);
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder.Write("disk.vmdk", Text("vmfs", "RW 2048 VMFS \"d-flat.vmdk\""))));
        Assert.Equal(V2VError.DiskImageCorrupt, e.Error);
    }

    [Theory]
    [InlineData("RW 2048")]
    [InlineData("RW x FLAT \"f\"")]
    [InlineData("RW -5 FLAT \"f\"")]
    [InlineData("RW 99999999999999999999 FLAT \"f\"")]
    [InlineData("RW 9223372036854775807 ZERO")]
    [InlineData("RW 18014398509481983 ZERO\nRW 18014398509481983 ZERO")]
    [InlineData("RW 2048 FLAT \"f")]
    [InlineData("RW 2048 FLAT")]
    [InlineData("RW 2048 FLAT \"\"")]
    [InlineData("RW 2048 FLAT \"f\" 99999999999999999")]
    [InlineData("")]
    public void Extent_lines_that_make_no_sense_are_refused(string extents)
    {
        _folder.Write("f", new byte[1 << 20]);
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder.Write("disk.vmdk", Text("monolithicFlat", extents))));
        Assert.Equal(V2VError.DiskImageCorrupt, e.Error);
    }

    [Fact]
    public void Damaged_descriptors_end_in_the_engine_s_exception()
    {
        _folder.Write("f-flat.vmdk", new byte[1 << 20]);
        byte[] text = Encoding.ASCII.GetBytes(Text("monolithicFlat", "RW 1024 FLAT \"f-flat.vmdk\" 0\nRW 1024 FLAT \"f-flat.vmdk\" 1024"));
        Mutations.Check(text, text.Length, 400, t => Mutations.ReadThrough(
            DiskImages.Open(_folder.Write("disk.vmdk", t), new DiskOpenOptions { Format = "vmdk" })));
    }
}
