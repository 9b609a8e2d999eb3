using System.Formats.Tar;
using System.Text;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Archives;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Archives;

public sealed class TarStoreTests : IDisposable
{
    private static readonly string s_longName = string.Join('/', Enumerable.Repeat("a-rather-long-folder-name", 5)) + "/disk1.vmdk";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Written by .NET's own writer, so that the reader is not judged by itself.</summary>
    private string Create(TarEntryFormat format, params (string Name, byte[] Content)[] members)
    {
        string path = _folder["guest.ova"];
        using var writer = new TarWriter(File.Create(path), format);
        foreach ((string name, byte[] content) in members)
        {
            TarEntryType type = format == TarEntryFormat.V7 ? TarEntryType.V7RegularFile : TarEntryType.RegularFile;
            System.Formats.Tar.TarEntry entry = format switch
            {
                TarEntryFormat.V7 => new V7TarEntry(type, name),
                TarEntryFormat.Ustar => new UstarTarEntry(type, name),
                TarEntryFormat.Gnu => new GnuTarEntry(type, name),
                _ => new PaxTarEntry(type, name),
            };
            entry.DataStream = new MemoryStream(content);
            writer.WriteEntry(entry);
        }

        return path;
    }

    [Theory]
    [InlineData(TarEntryFormat.V7)]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.Pax)]
    public void Members_are_found_and_read_in_their_place(TarEntryFormat format)
    {
        string name = format == TarEntryFormat.V7 ? "disk1.vmdk" : s_longName;
        byte[] content = SampleDisk.Create(1_000_001);
        string path = Create(format, ("./guest.ovf", Encoding.UTF8.GetBytes("<Envelope/>")), (name, content), ("empty", []));

        TarStore archive = TarStore.Read(() => HostFile.Open(path));
        Assert.Equal(["guest.ovf", name, "empty"], archive.Entries.Select(e => e.Name));
        Assert.Equal([11, content.Length, 0], archive.Entries.Select(e => e.Length));
        using DiskFile member = archive.Open(archive.Entries[1].Name)!;
        byte[] read = new byte[content.Length];
        member.Read(0, read);
        Assert.Equal(-1, DiskAssert.FirstDifference(content, read));
        Assert.EndsWith("guest.ova!" + name, member.Path, StringComparison.Ordinal);
        Assert.Throws<DiskImageException>(() => member.Read(content.Length - 1, new byte[2]));
        Assert.Equal(content.Length, member.Extents(0, member.Length).Sum(e => e.Length));
    }

    [Fact]
    public void An_image_inside_an_archive_opens_without_unpacking()
    {
        QemuImg.Require();
        byte[] disk = SampleDisk.Create(9 << 20);
        QemuImg.Run(
            "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", SampleDisk.Write(_folder, disk), _folder["disk1.vmdk"]);
        string path = Create(TarEntryFormat.Ustar, ("x.ovf", [1]), ("disk1.vmdk", File.ReadAllBytes(_folder["disk1.vmdk"])));

        TarStore archive = TarStore.Read(() => HostFile.Open(path));
        Assert.Equal("streamOptimized", DiskImages.Inspect(archive.Open(archive.Entries[1].Name)!).Detail);
        using BlockDevice device = DiskImages.Open(archive.Open(archive.Entries[1].Name)!);
        DiskAssert.Holds(disk, device);
    }

    [Theory]
    [InlineData("disk-flat.vmdk", null)]
    [InlineData("../disk-flat.vmdk", null)]
    [InlineData("missing.vmdk", V2VError.DiskImageNotFound)]
    [InlineData("../../disk-flat.vmdk", V2VError.DiskImageOutsideFolder)]
    [InlineData("/etc/hostname", V2VError.DiskImageOutsideFolder)]
    public void An_image_inside_an_archive_refers_to_others_in_it_alone(string name, V2VError? error)
    {
        byte[] content = SampleDisk.Create(1 << 20);
        string path = Create(
            TarEntryFormat.Ustar,
            ("web/disk.vmdk", Encoding.ASCII.GetBytes(
                $"# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW 2048 FLAT \"{name}\" 0\n")),
            (name.StartsWith("../", StringComparison.Ordinal) ? "disk-flat.vmdk" : "web/disk-flat.vmdk", content));
        TarStore archive = TarStore.Read(() => HostFile.Open(path));
        if (error is null)
        {
            using BlockDevice device = DiskImages.Open(archive.Open("web/disk.vmdk")!);
            DiskAssert.Holds(content, device);
        }
        else
        {
            Assert.Equal(error, Assert.Throws<DiskImageException>(() => DiskImages.Open(archive.Open("web/disk.vmdk")!)).Error);
        }
    }

    [Fact]
    public void Sizes_beyond_octal_are_read()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs sparse files");
        string path = Create(TarEntryFormat.Gnu, ("disk.raw", [1, 2, 3]));
        const long size = 10L << 30;
        using (FileStream file = File.Open(path, FileMode.Open))
        {
            byte[] header = new byte[512];
            file.ReadExactly(header);
            header.AsSpan(124, 12).Clear();
            header[124] = 0x80;
            System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(128), size);
            header.AsSpan(148, 8).Fill((byte)' ');
            Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(b => b), 8).PadLeft(6, '0') + "\0").CopyTo(header.AsSpan(148));
            file.Position = 0;
            file.Write(header);
            file.SetLength(512 + size);
        }

        Assert.Equal(size, Assert.Single(TarStore.Read(() => HostFile.Open(path)).Entries).Length);
    }

    [Fact]
    public void Sparse_members_are_refused_by_name()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/bin/tar"), "needs GNU tar");
        using (FileStream file = File.Create(_folder["holes.raw"]))
        {
            file.SetLength(1 << 20);
            file.WriteByte(1);
        }

        foreach (string format in new[] { "gnu", "posix" })
        {
            using var tar = System.Diagnostics.Process.Start(
                "/bin/tar", ["-C", _folder.Path, "--sparse", $"--format={format}", "-cf", _folder["sparse.tar"], "holes.raw"]);
            tar.WaitForExit();
            Assert.Equal(0, tar.ExitCode);
            var e = Assert.Throws<DiskImageException>(() => TarStore.Read(() => HostFile.Open(_folder["sparse.tar"])));
            Assert.Equal(V2VError.DiskImageUnsupported, e.Error);
            Assert.Contains("sparse", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_archive_cut_short_is_damaged_and_a_compressed_one_is_refused()
    {
        string path = Create(TarEntryFormat.Ustar, ("a", new byte[5000]), ("b", new byte[5000]));
        byte[] whole = File.ReadAllBytes(path);
        Assert.Equal(V2VError.DiskImageCorrupt, Assert.Throws<DiskImageException>(() => TarStore.Read(() => HostFile.Open(_folder.Write("cut", whole[..8000])))).Error);
        // Without its end mark only.
        Assert.Equal(2, TarStore.Read(() => HostFile.Open(_folder.Write("unmarked", whole[..(2 * (512 + 5120))]))).Entries.Count);
        Assert.Equal(
            V2VError.DiskImageUnsupported, Assert.Throws<DiskImageException>(() => TarStore.Read(() => HostFile.Open(_folder.Write("gz", [0x1F, 0x8B, .. whole])))).Error);
        Assert.Equal(V2VError.DiskImageCorrupt, Assert.Throws<DiskImageException>(() => TarStore.Read(() => HostFile.Open(_folder.Write("other", new byte[600].Select(_ => (byte)9).ToArray())))).Error);
    }

    [Fact]
    public void A_damaged_archive_ends_in_the_engine_s_exception()
    {
        byte[] whole = File.ReadAllBytes(Create(TarEntryFormat.Pax, (s_longName, new byte[3000]), ("b", new byte[700])));
        Mutations.Check(whole, headerSize: whole.Length, count: 600, image =>
        {
            foreach (V2V.Engine.Disks.Transports.Archives.TarEntry entry in TarStore.Read(() => HostFile.Open(_folder.Write("damaged.ova", image))).Entries)
            {
                Assert.InRange(entry.Offset + entry.Length, 0, image.Length);
            }
        }, fixup: FixChecksum);
    }

    /// <summary>Makes half of the mutations pass the checksum, so that they reach what is behind it.</summary>
    private static void FixChecksum(byte[] image)
    {
        for (int position = 0; position + 512 <= image.Length; position += 512)
        {
            Span<byte> header = image.AsSpan(position, 512);
            if (header[257..].StartsWith("ustar"u8))
            {
                header.Slice(148, 8).Fill((byte)' ');
                int sum = 0;
                foreach (byte b in header)
                {
                    sum += b;
                }

                Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0").CopyTo(header[148..]);
            }
        }
    }
}
