using System.Buffers.Binary;
using System.Text;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Fat;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Fat;

/// <summary>File systems made by mkfs.fat and filled by mtools, and ones with what only other systems write.</summary>
public sealed class FatFileSystemReadTests
{
    private const int MiB = 1 << 20;
    private const int SectorSize = 512;

    [Theory]
    [InlineData("-F 12 -n LABEL -i 1234abcd", 2)]
    [InlineData("-F 16 -i 00ff00ee", 20)]
    [InlineData("-F 32 -n EFI -i deadbeef", 40)]
    [InlineData("-F 32 -S 2048", 150)]
    public void What_mkfs_and_mtools_made_is_read(string arguments, int mebibytes)
    {
        using var image = new FatTestImage(mebibytes * MiB, arguments.Split(' '));
        var content = new byte[100_000];
        new Random(1).NextBytes(content);
        var file = image.WriteFile("content", content);
        image.MTool("mmd", "::/EFI", "::/EFI/BOOT");
        image.MTool("mcopy", file, "::/EFI/BOOT/BOOTX64.EFI");
        image.MTool("mcopy", file, "::/EFI/A rather long näme 日本.cfg");
        using var device = new FileDevice(image.Path);
        using var fileSystem = FatFileSystem.Open(device);
        var blkid = ExternalTool.Check("blkid", "-p", "-o", "export", image.Path).Split('\n')
            .Select(l => l.Split('=', 2)).Where(l => l.Length == 2).ToDictionary(l => l[0], l => l[1]);

        Assert.Equal("vfat", fileSystem.Kind);
        Assert.Equal(blkid["UUID"], fileSystem.Uuid);
        Assert.Equal(blkid.GetValueOrDefault("LABEL"), fileSystem.Label);
        Assert.Equal(content, fileSystem.ReadAllBytes("/efi/boot/bootx64.efi"));
        Assert.Equal(content, fileSystem.ReadAllBytes("/EFI/a RATHER long NÄME 日本.CFG"));
        Assert.Equal(content, fileSystem.ReadAllBytes("/EFI/ARATHE~1.CFG"));
        Assert.Equal(0x1ED, fileSystem.Find("/EFI/BOOT/BOOTX64.EFI")!.Mode);
        var (used, all) = image.Clusters();
        Assert.Equal(fileSystem.Space.TotalBytes / all * (all - used), fileSystem.Space.FreeBytes);
        MToolsReaders.ReadTheSame(fileSystem, image);
    }

    [Fact]
    public void A_label_in_the_boot_sector_counts_when_the_root_directory_has_none()
    {
        var bytes = Make("-F 16 -n IN_ROOT");
        Assert.Equal("IN_ROOT", Open(bytes).Label);

        "IN_BOOT    "u8.CopyTo(bytes.AsSpan(43));
        Assert.Equal("IN_ROOT", Open(bytes).Label);

        bytes[Find(bytes, "IN_ROOT    ", after: 512)] = FatDirectoryEntry.Deleted;
        Assert.Equal("IN_BOOT", Open(bytes).Label);
    }

    [Theory]
    [InlineData(0x00, "README.TXT")]
    [InlineData(0x08, "readme.TXT")]
    [InlineData(0x10, "README.txt")]
    [InlineData(0x18, "readme.txt")]
    public void Windows_notes_lower_case_in_two_bits(byte caseBits, string shown)
    {
        var bytes = Make("-F 16");
        AddEntry(bytes, "README  TXT", entry => entry[12] = caseBits);

        Assert.Equal(shown, Assert.Single(Open(bytes).Enumerate("/")).Name);
        Assert.NotNull(Open(bytes).Find("/Readme.Txt"));
    }

    [Theory]
    [InlineData("\u009AMLAUT  ", "ÜMLAUT")]
    [InlineData("\u0005AB     ", "σAB")]
    [InlineData("A/B\u0001    ", "A_B_")]
    [InlineData("        ", "_")]
    [InlineData("A B     ", "A B")]
    public void Short_names_are_read_in_code_page_437(string name, string shown)
    {
        var bytes = Make("-F 16");
        AddEntry(bytes, name + "   ");

        Assert.Equal(shown, Assert.Single(Open(bytes).Enumerate("/")).Name);
        Assert.NotNull(Open(bytes).Find("/" + shown));
    }

    [Theory]
    [InlineData("checksum", "SHORT.TXT")]
    [InlineData("sequence", "SHORT.TXT")]
    [InlineData("no end", "SHORT.TXT")]
    [InlineData("slash", "SHORT.TXT")]
    [InlineData("deleted between", "SHORT.TXT")]
    [InlineData("none", "a name of thirty characters...x")]
    public void Parts_of_long_names_that_belong_to_no_file_are_ignored(string damage, string shown)
    {
        var bytes = Make("-F 16");
        var parts = new byte[3 * 32];
        FatLongName.Write("a name of thirty characters...x", FatShortName.Checksum("SHORT   TXT"u8), parts);
        switch (damage)
        {
            case "checksum": parts[32 + 13] ^= 1; break;
            case "sequence": parts[32] = 3; break;
            case "no end": parts[0] = 3; break;
            case "slash": parts[64 + 3] = (byte)'/'; break;
            case "deleted between": parts[64] = FatDirectoryEntry.Deleted; break;
        }

        for (var i = 0; i < 3; i++)
        {
            AddEntry(bytes, "", entry => parts.AsSpan(i * 32, 32).CopyTo(entry));
        }

        AddEntry(bytes, "SHORT   TXT");

        Assert.Equal(shown, Assert.Single(Open(bytes).Enumerate("/")).Name);
    }

    [Fact]
    public void Of_two_names_that_differ_in_case_the_one_asked_for_is_found()
    {
        var bytes = Make("-F 16");
        AddEntry(bytes, "FILE    TXT", entry => entry[12] = 0x18);
        AddEntry(bytes, "FILE    TXT");
        var fileSystem = Open(bytes);

        Assert.NotEqual(fileSystem.Find("/file.txt")!.Id, fileSystem.Find("/FILE.TXT")!.Id);
        Assert.Equal(fileSystem.Find("/file.txt")!.Id, fileSystem.Find("/File.txt")!.Id);
    }

    [Fact]
    public void Times_are_read_as_utc_in_steps_of_two_seconds()
    {
        var bytes = Make("-F 16");
        AddEntry(bytes, "TIME       ", entry =>
        {
            BinaryPrimitives.WriteUInt16LittleEndian(entry[22..], (13 << 11) | (37 << 5) | (58 / 2));
            BinaryPrimitives.WriteUInt16LittleEndian(entry[24..], ((2024 - 1980) << 9) | (2 << 5) | 29);
        });
        AddEntry(bytes, "NOTIME     ");

        Assert.Equal(new DateTimeOffset(2024, 2, 29, 13, 37, 58, TimeSpan.Zero), Open(bytes).Find("/TIME")!.Modified);
        Assert.Equal(new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero), Open(bytes).Find("/NOTIME")!.Modified);
    }

    [Fact]
    public void Only_the_active_table_is_read_and_written_when_the_volume_says_so()
    {
        using var image = new FatTestImage(40 * MiB, "-F", "32", "-s", "1");
        var bytes = File.ReadAllBytes(image.Path);
        var reserved = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(14)) * SectorSize;
        var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(36)) * SectorSize;
        bytes[40] = 0x81; // not mirrored, the second one is active
        bytes.AsSpan(reserved, length).Fill(0x55);
        var device = new ArrayDevice(bytes);
        using var fileSystem = FatFileSystem.Open(device);
        fileSystem.CreateDirectory("/EFI", new());
        fileSystem.Flush();

        Assert.Equal(-1, bytes.AsSpan(reserved, length).IndexOfAnyExcept((byte)0x55));
        File.WriteAllBytes(image.Path, [.. bytes.AsSpan(0, reserved), .. bytes.AsSpan(reserved + length, length), .. bytes.AsSpan(reserved + length)]);
        image.Check();
    }

    [Theory]
    [InlineData("mkntfs", 16, "-q", "-F", "-Q")]
    [InlineData("mke2fs", 4, "-q", "-F")]
    public void Other_file_systems_are_not_taken_for_it(string tool, int mebibytes, params string[] arguments)
    {
        ExternalTool.Need(tool);
        var file = Path.GetTempFileName();
        try
        {
            using (var image = File.OpenWrite(file))
            {
                image.SetLength(mebibytes * MiB);
            }

            ExternalTool.Check(tool, [.. arguments, file]);
            using var device = new FileDevice(file);

            Assert.False(FatProbe.Recognises(device));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Boot_sectors_of_exfat_and_of_partitioned_disks_are_not_taken_for_it()
    {
        var bytes = Make("-F 16");
        Assert.True(FatProbe.Recognises(new ArrayDevice(bytes)));

        "EXFAT   "u8.CopyTo(bytes.AsSpan(3));
        Assert.False(FatProbe.Recognises(new ArrayDevice(bytes)));

        var mbr = new byte[SectorSize];
        (mbr[0], mbr[1], mbr[2], mbr[510], mbr[511]) = (0xEB, 0x63, 0x90, 0x55, 0xAA); // as GRUB's boot.img begins
        Assert.False(FatProbe.Recognises(new ArrayDevice(mbr)));
    }

    private static FatFileSystem Open(byte[] bytes) => FatFileSystem.Open(new ArrayDevice(bytes));

    private static byte[] Make(string arguments)
    {
        using var image = new FatTestImage(16 * MiB, arguments.Split(' '));
        return File.ReadAllBytes(image.Path);
    }

    /// <summary>Adds an entry to the root directory of a FAT16.</summary>
    private static void AddEntry(byte[] bytes, string name, EntryEdit? edit = null)
    {
        var at = RootOffset(bytes);
        while (bytes[at] != 0)
        {
            at += FatDirectoryEntry.Size;
        }

        var entry = bytes.AsSpan(at, FatDirectoryEntry.Size);
        Encoding.Latin1.GetBytes(name, entry);
        edit?.Invoke(entry);
    }

    private delegate void EntryEdit(Span<byte> entry);

    private static int RootOffset(byte[] bytes) => SectorSize * (
        BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(14)) + (bytes[16] * BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(22))));

    private static int Find(byte[] bytes, string text, int after) => after + bytes.AsSpan(after).IndexOf(Encoding.ASCII.GetBytes(text));
}
