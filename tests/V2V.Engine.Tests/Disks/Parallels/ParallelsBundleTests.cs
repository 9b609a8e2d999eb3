using V2V.Engine.Disks;
using V2V.Engine.Sources;
using V2V.Engine.Sources.DiskOnly;
using Xunit;

namespace V2V.Engine.Tests.Disks.Parallels;

/// <summary>Disks as Parallels keeps them: a folder of images that QEMU makes and reads one by one, and the descriptor that ties them together.</summary>
public sealed class ParallelsBundleTests : IDisposable
{
    private const int PartSize = 6 << 20;
    private const int BlockSize = 64 << 10;
    private const string Present = "{5fbaabe3-6958-40ff-92a7-860e329aab41}";
    private const string First = "{11111111-0000-0000-0000-000000000001}";
    private const string Second = "{11111111-0000-0000-0000-000000000002}";
    private const string None = "{00000000-0000-0000-0000-000000000000}";

    private readonly TestFolder _folder = new();
    private readonly byte[] _disk = SampleDisk.Create(2 * PartSize);

    public void Dispose() => _folder.Dispose();

    private string Bundle => _folder["web.hdd"];

    private string Descriptor => Path.Combine(Bundle, "DiskDescriptor.xml");

    private static string Image(string id, string file, string type = "Compressed") => $"<Image><GUID>{id}</GUID><Type>{type}</Type><File>{file}</File></Image>";

    private static string Storage(long start, long end, string images) =>
        $"<Storage><Start>{start / 512}</Start><End>{end / 512}</End><Blocksize>{BlockSize / 512}</Blocksize>{images}</Storage>";

    private static string Shot(string id, string parent) => $"<Shot><GUID>{id}</GUID><ParentGUID>{parent}</ParentGUID></Shot>";

    private void WriteDescriptor(string storage, string snapshots, string parameters = "<LogicSectorSize>512</LogicSectorSize>")
    {
        Directory.CreateDirectory(Bundle);
        File.WriteAllText(
            Descriptor,
            $"<?xml version='1.0' encoding='UTF-8'?>\n<Parallels_disk_image Version=\"1.0\"><Disk_Parameters>{parameters}</Disk_Parameters>"
            + $"<StorageData>{storage}</StorageData><Snapshots>{snapshots}</Snapshots></Parallels_disk_image>");
    }

    /// <summary>Two parts, the second on a plain base, in three states: two snapshots and the present.</summary>
    private void WriteBundle(bool hasTop = false)
    {
        QemuImg.Require();
        Directory.CreateDirectory(Bundle);
        for (int part = 0; part < 2; part++)
        {
            string raw = _folder.Write("part.raw", _disk[(part * PartSize)..((part + 1) * PartSize)]);
            string below = Path.Combine(Bundle, $"{part}.base.hds");
            string[] options = part == 0 ? ["-O", "parallels", "-o", $"cluster_size={BlockSize}"] : ["-O", "raw"];
            QemuImg.Run(["convert", "-f", "raw", .. options, raw, below]);
            for (int state = 1; state < 3; state++)
            {
                string image = Path.Combine(Bundle, $"{part}.{state}.hds");
                QemuImg.Run("create", "-f", "parallels", "-o", $"cluster_size={BlockSize}", image, $"{PartSize}");
                foreach (int block in (int[])[0, 3 + state, 7, 90 + state])
                {
                    // Parallels copies the rest of a block from below when it writes a part of it, so that blocks are whole.
                    byte pattern = (byte)(0x10 + (0x20 * part) + (8 * state) + block);
                    QemuImg.Io("parallels", image, $"write -P {pattern} {block * BlockSize} {BlockSize}");
                    _disk.AsSpan((part * PartSize) + (block * BlockSize), BlockSize).Fill(pattern);
                }
            }
        }

        string top = hasTop ? "{22222222-0000-0000-0000-000000000003}" : Present;
        string Images(int part) => Image(top, $"{part}.2.hds") + Image(Second, $"{part}.1.hds") + Image(First, $"{part}.base.hds", part == 0 ? "Compressed" : "Plain");
        WriteDescriptor(
            Storage(PartSize, 2 * PartSize, Images(1)) + Storage(0, PartSize, Images(0)),
            (hasTop ? $"<TopGUID>{top}</TopGUID>" : "") + Shot(Second, First) + Shot(top, Second) + Shot(First, None));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_bundle_with_snapshots_and_parts_reads_as_its_present_state(bool hasTop)
    {
        WriteBundle(hasTop);
        foreach (string path in (string[])[Bundle, Descriptor])
        {
            DiskImageInfo info = DiskImages.Inspect(path);
            Assert.Equal(("parallels", _disk.LongLength, "bundle, 2 parts, 2 snapshots"), (info.Format, info.Capacity, info.Detail));
            Assert.True(info.Allocated > 3 << 20, "files are not counted");
            using BlockDevice device = DiskImages.Open(path);
            DiskAssert.Holds(_disk, device);
        }
    }

    [Fact]
    public void A_folder_or_its_descriptor_makes_a_guest_of_its_name()
    {
        WriteBundle();
        foreach (string path in (string[])[Bundle, Descriptor])
        {
            var guest = DiskSource.FromDisks([path], name: null, cancellation: TestContext.Current.CancellationToken);
            Assert.Equal(("web", "parallels"), (guest.Name, guest.Disks[0].Format));
            using BlockDevice device = guest.Disks[0].Open();
            Assert.Equal(_disk.Length, device.Length);
        }

        Assert.Equal("web", Assert.Single(GuestSources.Open(Bundle, TestContext.Current.CancellationToken)).Name);
        Assert.Equal("web", Assert.Single(GuestSources.Open(Descriptor, TestContext.Current.CancellationToken)).Name);
    }

    [Fact]
    public void A_bundle_of_one_image_needs_no_snapshots()
    {
        QemuImg.Require();
        Directory.CreateDirectory(Bundle);
        QemuImg.Run("convert", "-f", "raw", "-O", "parallels", SampleDisk.Write(_folder, _disk), Path.Combine(Bundle, "a.hds"));
        WriteDescriptor(Storage(0, _disk.Length, Image(First, "a.hds")), "");
        using BlockDevice device = DiskImages.Open(Bundle);
        DiskAssert.Holds(_disk, device);
    }

    [Theory]
    [InlineData("../secret.img", V2VError.DiskImageOutsideFolder)]
    [InlineData("/etc/hostname", V2VError.DiskImageOutsideFolder)]
    [InlineData("gone.hds", V2VError.DiskImageNotFound)]
    public void A_file_elsewhere_or_nowhere_is_refused(string name, V2VError error)
    {
        _folder.Write("secret.img", _disk);
        WriteDescriptor(Storage(0, _disk.Length, Image(First, name, "Plain")), "");
        Assert.Equal(error, Assert.Throws<DiskImageException>(() => DiskImages.Open(Bundle)).Error);
    }

    public static TheoryData<string, string, string, string> Impossible => new()
    {
        { Storage(0, 512, Image(First, "a")), Shot(Present, First) + Shot(First, Present), "", "back to themselves" },
        { Storage(0, 512, Image(First, "a")), Shot(First, First) + "<TopGUID>" + First + "</TopGUID>", "", "back to themselves" },
        { Storage(0, 512, Image(First, "a")), Shot(Present, First), "", "does not describe" },
        { Storage(0, 512, Image(First, "a")), Shot(Present, None), "", "no file of the state" },
        { Storage(0, 512, Image(Present, "a") + Image(Present, "b")), "", "", "have the id" },
        { Storage(512, 1024, Image(First, "a")), "", "", "the one before it ends at 0" },
        { Storage(0, 512, Image(First, "a")) + Storage(0, 512, Image(First, "b")), "", "", "the one before it ends at 1" },
        { Storage(0, 0, Image(First, "a")), "", "", "from sector 0 to 0" },
        { "<Storage><Start>0</Start><End>99999999999999999999</End></Storage>", "", "", "no number of sectors" },
        { "", "", "", "0 parts" },
        { Storage(0, 512, Image("{x}", "a")), "", "", "is no id" },
        { Storage(0, 512, Image(First, "")), "", "", "has no file" },
        { Storage(0, 512, Image(First, "a", "Zipped")), "", "", "Zipped" },
        { Storage(0, 512, Image(First, "a")), "", "<LogicSectorSize>4096</LogicSectorSize>", "4096" },
        { Storage(0, 512, Image(First, "a")), "", "<Encryption><Engine>{4a0fd0a1-0000-0000-0000-000000000000}</Engine></Encryption>", "encrypted" },
        { "<!-- " + new string('x', 2 << 20) + " -->", "", "", "is not possible" },
        { string.Concat(Enumerable.Repeat("<a>", 500)) + string.Concat(Enumerable.Repeat("</a>", 500)), "", "", "nested deeper" },
        { "</StorageData>", "", "", "no well-formed XML" },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public void Descriptors_that_make_no_sense_are_refused(string storage, string snapshots, string parameters, string because)
    {
        WriteDescriptor(storage, snapshots, parameters);
        File.WriteAllBytes(Path.Combine(Bundle, "a"), new byte[512]);
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(Bundle));
        Assert.Contains(because, e.Message, StringComparison.Ordinal);
        Assert.NotNull(e.Advice);
    }

    [Fact]
    public void A_document_type_is_refused()
    {
        WriteDescriptor("", "");
        File.WriteAllText(Descriptor, "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" + "<Parallels_disk_image>&e;</Parallels_disk_image>");
        Assert.Contains("well-formed", Assert.Throws<DiskImageException>(() => DiskImages.Open(Bundle)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_descriptors_are_refused_or_read()
    {
        WriteBundle();
        byte[] text = File.ReadAllBytes(Descriptor);
        Mutations.Check(text, text.Length, 500, t =>
        {
            File.WriteAllBytes(Descriptor, t);
            Mutations.ReadThrough(DiskImages.Open(Descriptor, new DiskOpenOptions { Format = "parallels" }));
        });
    }

    [Fact]
    public void Damaged_images_are_refused_or_read()
    {
        QemuImg.Require();
        QemuImg.Run("convert", "-f", "raw", "-O", "parallels", "-o", $"cluster_size={BlockSize}", SampleDisk.Write(_folder, _disk), _folder["disk.hds"]);
        byte[] image = File.ReadAllBytes(_folder["disk.hds"]);
        Mutations.Check(image, 64 + (_disk.Length / BlockSize * 4), 500, i => Mutations.ReadThrough(DiskImages.Open(new MemoryFile(i, "/memory/disk.hds"))));
    }
}
