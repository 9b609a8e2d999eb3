using System.Text.RegularExpressions;
using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks.Vmdk;

/// <summary>Chains of parents that QEMU made.</summary>
public sealed partial class VmdkSnapshotTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly byte[] _disk = SampleDisk.Create(40 << 20);

    public void Dispose() => _folder.Dispose();

    [GeneratedRegex("(?m)^parentFileNameHint=.*$")]
    private static partial Regex ParentHint();

    private void CreateChain(string baseFormat)
    {
        QemuImg.Require();
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", "-o", $"subformat={baseFormat}", SampleDisk.Write(_folder, _disk), _folder["base.vmdk"]);
        QemuImg.Run("create", "-f", "vmdk", "-b", _folder["base.vmdk"], "-F", "vmdk", _folder["one.vmdk"]);
        Write("one.vmdk", 3_000_000 / 512 * 512, 700 << 10, 0x11);
        QemuImg.Run("create", "-f", "vmdk", "-b", _folder["one.vmdk"], "-F", "vmdk", _folder["two.vmdk"]);
        Write("two.vmdk", 20 << 20, 512, 0x22);
        Write("two.vmdk", 33 << 20, 200 << 10, 0x23);
    }

    private void Write(string image, int offset, int length, byte pattern)
    {
        QemuImg.Io("vmdk", _folder[image], $"write -P {pattern} {offset} {length}");
        _disk.AsSpan(offset, length).Fill(pattern);
    }

    /// <summary>Edits the descriptor embedded in a sparse extent, keeping its size.</summary>
    private void EditDescriptor(string image, Func<string, string> edit)
    {
        byte[] bytes = File.ReadAllBytes(_folder[image]);
        Span<byte> area = bytes.AsSpan(512, 20 * 512);
        string text = edit(System.Text.Encoding.Latin1.GetString(area).TrimEnd('\0'));
        area.Clear();
        System.Text.Encoding.Latin1.GetBytes(text, area);
        File.WriteAllBytes(_folder[image], bytes);
    }

    [Theory]
    [InlineData("monolithicSparse")]
    [InlineData("monolithicFlat")]
    public void A_chain_reads_as_its_last_state(string baseFormat)
    {
        CreateChain(baseFormat);
        Assert.Contains("snapshot", DiskImages.Inspect(_folder["two.vmdk"]).Detail, StringComparison.Ordinal);
        using BlockDevice device = DiskImages.Open(_folder["two.vmdk"]);
        DiskAssert.Holds(_disk, device);
    }

    /// <summary>Somebody else's word for the disk below an image that names its own: the image counts.</summary>
    [Fact]
    public void A_given_parent_that_an_image_has_no_use_for_is_closed()
    {
        CreateChain("monolithicSparse");
        foreach (var (image, isUsed) in new[] { ("base.vmdk", true), ("two.vmdk", false) })
        {
            var given = new ClosableDevice(_disk.Length);
            using (BlockDevice device = DiskImages.Open(_folder[image], new DiskOpenOptions { Parent = given }))
            {
                Assert.Equal(!isUsed, given.IsClosed);
                if (!isUsed)
                {
                    DiskAssert.Holds(_disk, device);
                }
            }

            Assert.True(given.IsClosed);
        }
    }

    private sealed class ClosableDevice(long length) : BlockDevice
    {
        public override long Length => length;

        public bool IsClosed { get; private set; }

        public override void Read(long offset, Span<byte> buffer) => buffer.Clear();

        public override IEnumerable<DiskExtent> Extents(long offset, long length) => [new DiskExtent(offset, length, IsZero: true)];

        protected override void Dispose(bool disposing)
        {
            IsClosed = true;
            base.Dispose(disposing);
        }
    }

    [Fact]
    public void A_parent_that_was_changed_is_refused_with_both_content_ids()
    {
        CreateChain("monolithicSparse");
        EditDescriptor("base.vmdk", text => Regex.Replace(text, "(?m)^CID=.*$", "CID=deadbeef"));
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder["two.vmdk"]));
        Assert.Contains("deadbeef", e.Message, StringComparison.Ordinal);
        Assert.Matches("content ID (?!deadbeef)[0-9a-f]{8}", e.Message);
        Assert.Equal(_folder["one.vmdk"], e.Path);
    }

    [Fact]
    public void A_hint_from_another_machine_finds_the_parent_in_the_same_folder()
    {
        CreateChain("monolithicSparse");
        EditDescriptor("two.vmdk", text => ParentHint().Replace(text, "parentFileNameHint=\"/vmfs/volumes/ds1/guest/one.vmdk\""));
        EditDescriptor("one.vmdk", text => ParentHint().Replace(text, "parentFileNameHint=\"D:\\VMs\\guest\\base.vmdk\""));
        using BlockDevice device = DiskImages.Open(_folder["two.vmdk"]);
        DiskAssert.Holds(_disk, device);
    }

    [Fact]
    public void A_chain_that_leads_back_to_itself_is_refused()
    {
        CreateChain("monolithicSparse");
        EditDescriptor("one.vmdk", text => ParentHint().Replace(text, "parentFileNameHint=\"two.vmdk\""));
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder["two.vmdk"]));
        Assert.Contains("back to itself", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_parent_is_named()
    {
        CreateChain("monolithicSparse");
        File.Delete(_folder["base.vmdk"]);
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder["two.vmdk"]));
        Assert.Equal(V2VError.DiskImageNotFound, e.Error);
        Assert.Contains("base.vmdk", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_parent_outside_the_folder_is_refused_unless_it_is_allowed()
    {
        CreateChain("monolithicSparse");
        string elsewhere = Directory.CreateDirectory(_folder["elsewhere"]).FullName;
        string guest = Directory.CreateDirectory(_folder["guest"]).FullName;
        File.Move(_folder["base.vmdk"], Path.Combine(elsewhere, "base.vmdk"));
        EditDescriptor("one.vmdk", text => ParentHint().Replace(text, "parentFileNameHint=\"../elsewhere/base.vmdk\""));
        EditDescriptor("two.vmdk", text => ParentHint().Replace(text, "parentFileNameHint=\"one.vmdk\""));
        File.Move(_folder["one.vmdk"], Path.Combine(guest, "one.vmdk"));
        File.Move(_folder["two.vmdk"], Path.Combine(guest, "two.vmdk"));
        string path = Path.Combine(guest, "two.vmdk");
        Assert.Equal(V2VError.DiskImageOutsideFolder, Assert.Throws<DiskImageException>(() => DiskImages.Open(path)).Error);
        using BlockDevice device = DiskImages.Open(path, new DiskOpenOptions { AllowOutsideFolder = [elsewhere] });
        DiskAssert.Holds(_disk, device);
    }
}
