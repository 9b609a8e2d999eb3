using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Inspection;

/// <summary>What a guest writes anew is left out, and nothing that it will read.</summary>
public sealed class ScratchFilesTests : IDisposable
{
    private const int SwapLength = 8 << 20;

    private const long WindowsFileLength = 200 << 10;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("pagefile.sys", "", true)]
    [InlineData("swapfile.sys", "", true)]
    [InlineData("hiberfil.sys", "", true)]
    [InlineData("hiberfil.sys", "wake", true)]
    [InlineData("pagefile.sys", "PAGEDU64", false)]
    [InlineData("hiberfil.sys", "hibr", false)]
    [InlineData("hiberfil.sys", "RSTR", false)]
    [InlineData("notes.sys", "", false)]
    public void Windows_paging_files_are_scratch_unless_they_hold_memory(string name, string head, bool isScratch)
    {
        var found = ScratchFiles.Find(Windows((name, head))).Select(s => s.Range.Length).ToList();

        Assert.Equal(isScratch ? [WindowsFileLength - ScratchFiles.HeaderLength] : [], found);
    }

    [Fact]
    public void A_hibernated_windows_needs_its_paging_files() =>
        Assert.Empty(ScratchFiles.Find(Windows(("pagefile.sys", ""), ("hiberfil.sys", "hibr"))));

    private static InspectedGuest Windows(params (string Name, string Head)[] contents)
    {
        var files = new MemoryFileSystem("ntfs");
        foreach (var (name, head) in contents)
        {
            var bytes = new byte[WindowsFileLength];
            System.Text.Encoding.ASCII.GetBytes(head).CopyTo(bytes, 0);
            files.CreateFile($"/{name}", new GuestFileAttributes());
            files.Write($"/{name}", 0, bytes);
        }

        var volume = MemoryVolume.Partition(0, 1);
        return new InspectedGuest
        {
            OperatingSystem = new OperatingSystemInfo { Family = OperatingSystemFamily.Windows, Distribution = "windows", ProductName = "Windows", Architecture = "x86_64" },
            Root = new GuestRoot([new GuestMount("/", files, volume)]),
            Volumes = [new GuestVolume { Volume = volume, FileSystem = files, ContentKind = "ntfs" }],
            Firmware = Firmware.Bios,
            BootLoader = new BootLoader(BootLoaderKind.Grub2, null),
        };
    }

    [Theory]
    [InlineData("SWAPSPACE2", true)]
    [InlineData("S1SUSPEND\0", false)]
    public void A_swap_file_of_fstab_keeps_its_header_alone_unless_a_system_is_hibernated_in_it(string signature, bool isScratch)
    {
        ExternalTool.Need("qemu-img", "debugfs", "e2fsck");
        var swap = new byte[SwapLength];
        new Random(5).NextBytes(swap);
        System.Text.Encoding.ASCII.GetBytes(signature).CopyTo(swap, 4086);
        File.WriteAllBytes(_folder["swap"], swap);
        var source = SampleDisk("source.raw");
        var fstab = Debug(source, "cat /etc/fstab");
        File.WriteAllText(_folder["fstab"], fstab + "/swapfile none swap sw 0 0\n");
        Debug(source, $"write {_folder["swap"]} /swapfile", "rm /etc/fstab", $"write {_folder["fstab"]} /etc/fstab");

        var converted = Converted(source, out _);

        Debug(converted, $"dump /swapfile {_folder["dumped"]}");
        var dumped = File.ReadAllBytes(_folder["dumped"]);
        var scratch = dumped.AsSpan((int)ScratchFiles.HeaderLength);
        Assert.Equal(swap.Length, dumped.Length);
        Assert.True(dumped.AsSpan(0, 4096).SequenceEqual(swap.AsSpan(0, 4096)));
        // A granule at either end of each piece is copied with its neighbours.
        Assert.InRange(scratch.Length - scratch.Count((byte)0), isScratch ? 0 : SwapLength / 2, isScratch ? 1 << 20 : SwapLength);
        Assert.True(isScratch || dumped.AsSpan().SequenceEqual(swap));
    }

    [Fact]
    public void Deleted_data_is_neither_read_nor_written()
    {
        ExternalTool.Need("qemu-img", "debugfs", "e2fsck");
        Converted(SampleDisk("clean.raw"), out var clean);
        var noise = new byte[40 << 20];
        new Random(6).NextBytes(noise);
        File.WriteAllBytes(_folder["noise"], noise);
        var source = SampleDisk("source.raw");
        Debug(source, $"write {_folder["noise"]} /noise", "rm /noise");

        Converted(source, out var result);

        Assert.InRange(result.BytesRead, 0, clean.BytesRead + (1 << 20));
        Assert.InRange(result.BytesWritten, 0, clean.BytesWritten + (1 << 20));
    }

    /// <summary>The disk of the sample guest as a raw file.</summary>
    private string SampleDisk(string name)
    {
        using var disk = Assert.Single(GuestSources.Open(GuestConversionTests.Sample, TestContext.Current.CancellationToken)).Disks[0].Open();
        var bytes = new byte[disk.Length];
        disk.Read(0, bytes);
        File.WriteAllBytes(_folder[name], bytes);
        return _folder[name];
    }

    private string Converted(string source, out ConversionResult result)
    {
        var name = Path.GetFileNameWithoutExtension(source);
        using var target = new DirectoryTarget(_folder[name]);
        var guest = Assert.Single(GuestSources.Open(source, TestContext.Current.CancellationToken));
        result = new GuestConversion(guest, new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken);
        ExternalTool.Check("qemu-img", "convert", "-O", "raw", result.Disks[0], _folder[$"{name}.converted"]);
        ExternalTool.Check("e2fsck", "-fn", $"{_folder[$"{name}.converted"]}?offset=1048576");
        return _folder[$"{name}.converted"];
    }

    private string Debug(string disk, params string[] commands)
    {
        File.WriteAllLines(_folder["commands"], commands);
        var output = ExternalTool.Check("debugfs", "-w", "-f", _folder["commands"], $"{disk}?offset=1048576");
        return string.Concat(output.Split('\n').Where(l => !l.StartsWith("debugfs:", StringComparison.Ordinal) && l.Length > 0).Select(l => l + "\n"));
    }
}
