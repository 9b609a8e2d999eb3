using V2V.Engine.Disks;
using V2V.Engine.Disks.Overlay;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Targets.Images;
using V2V.Engine.Tests.Faults;
using Xunit;

namespace V2V.Engine.Tests.Targets.Images;

/// <summary>Source and image in one file system that can share blocks between files. The kernel's file systems and QEMU judge.</summary>
public sealed class SharedBlocksTests : IDisposable
{
    private const int MiB = 1 << 20;
    private const int Data = 96 * MiB;
    private const int Granule = 64 << 10;

    private readonly TemporaryFolder _folder = new();
    private MountedFileSystem? _mounted;

    private string Source => _mounted!["source"];

    private string Target => _mounted!["target"];

    public void Dispose()
    {
        _mounted?.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("xfs", "raw", ImageFormat.Raw)]
    [InlineData("xfs", "raw", ImageFormat.Qcow2)]
    [InlineData("xfs", "qcow2", ImageFormat.Raw)]
    [InlineData("xfs", "qcow2", ImageFormat.Qcow2)]
    [InlineData("btrfs", "raw", ImageFormat.Qcow2)]
    [InlineData("btrfs", "qcow2", ImageFormat.Raw)]
    [InlineData("btrfs", "vpc", ImageFormat.Raw)]
    public void What_the_conversion_has_not_changed_is_shared(string fileSystem, string from, ImageFormat format)
    {
        _mounted = new MountedFileSystem(fileSystem, 700);
        MakeSource(from);
        var free = _mounted.Free();

        var statistics = Copy(format, ImageCompression.None, ImageAllocation.Sparse);

        // A chunk with a change is copied, and there are three with data. Of a VHD's blocks one in eight begins where a block of the file system does.
        var (least, most) = from == "vpc" ? (0, Data / 6) : (Data - (6 * MiB), Data - (3 * MiB));
        Assert.InRange(statistics.BytesShared, least, most);
        Assert.Equal(Data + Granule, statistics.BytesShared + statistics.BytesRead);
        Assert.InRange(free - _mounted.Free(), 0, Data - least + (8 * MiB));
        AssertTarget(format);

        // The target is not the source's any more, whoever writes to either.
        Overwrite(Source);
        AssertTarget(format);
    }

    [Fact]
    public void A_whole_conversion_shares_and_tells_it()
    {
        _mounted = new MountedFileSystem("xfs", 700);
        using var guest = new FaultGuest();
        File.Copy(guest.DataPath, Source);
        var source = guest.Guest with { Disks = [guest.Guest.Disks[0], Assert.Single(GuestSources.Open(Source, TestContext.Current.CancellationToken)).Disks[0]] };
        using var target = new DirectoryTarget(_mounted["out"]);

        var result = new GuestConversion(source, new ConversionOptions { VerifyDisks = true }).Convert(target, cancellation: TestContext.Current.CancellationToken);

        // The system disk comes from an archive elsewhere.
        Assert.Equal(FaultGuest.DataLength, result.BytesShared);
        QemuJudge.AssertImage(result.Disks[1], Source);
    }

    [Theory]
    [InlineData("ext4", ImageCompression.None, ImageAllocation.Sparse)]
    [InlineData("xfs", ImageCompression.Zstd, ImageAllocation.Sparse)]
    [InlineData("xfs", ImageCompression.None, ImageAllocation.Preallocated)]
    public void Where_nothing_can_be_shared_everything_is_copied(string fileSystem, ImageCompression compression, ImageAllocation allocation)
    {
        _mounted = new MountedFileSystem(fileSystem, 700);
        MakeSource("raw");

        Assert.Equal(0, Copy(ImageFormat.Qcow2, compression, allocation).BytesShared);

        AssertTarget(ImageFormat.Qcow2);
    }

    [Theory]
    [InlineData(ImageFormat.Raw)]
    [InlineData(ImageFormat.Qcow2)]
    public void Between_two_file_systems_everything_is_copied(ImageFormat format)
    {
        _mounted = new MountedFileSystem("xfs", 700);
        MakeSource("raw");
        using var disk = Changed();

        Assert.Equal(0, Copy(disk, _folder["elsewhere"], format, ImageCompression.None, ImageAllocation.Sparse).BytesShared);

        File.Copy(_folder["elsewhere"], Target);
        AssertTarget(format);
    }

    /// <summary>A disk of 128 MiB with 96 MiB of data behind a hole.</summary>
    private void MakeSource(string format)
    {
        var raw = format == "raw" ? Source : _folder["raw"];
        using (var handle = File.OpenHandle(raw, FileMode.CreateNew, FileAccess.Write))
        {
            // Before the data, lest the file system keep room behind it.
            RandomAccess.SetLength(handle, 128 * MiB);
            var random = new Random(7);
            var block = new byte[MiB];
            for (var i = 0; i < Data; i += MiB)
            {
                random.NextBytes(block);
                RandomAccess.Write(handle, block, (16 * MiB) + i);
            }
        }

        File.Copy(raw, _folder["expected"]);
        if (format != "raw")
        {
            ExternalTool.Check("qemu-img", ["convert", "-f", "raw", "-O", format, .. format == "vpc" ? ["-o", "force_size=on"] : Array.Empty<string>(), raw, Source]);
        }

        _mounted!.Sync();
    }

    /// <summary>The source with three changes, of which two lie within its data.</summary>
    private OverlayDisk Changed()
    {
        var overlay = new OverlayDisk(DiskImages.Open(Source));
        using var expected = File.OpenHandle(_folder["expected"], FileMode.Open, FileAccess.Write);
        foreach (var offset in new[] { 1000, (20 * MiB) + 12345, (50 * MiB) - 7 })
        {
            var change = new byte[5000];
            Array.Fill(change, (byte)0xa5);
            overlay.Write(offset, change);
            RandomAccess.Write(expected, change, offset);
        }

        return overlay;
    }

    private CopyStatistics Copy(ImageFormat format, ImageCompression compression, ImageAllocation allocation)
    {
        using var disk = Changed();
        return Copy(disk, Target, format, compression, allocation);
    }

    private static CopyStatistics Copy(OverlayDisk disk, string target, ImageFormat format, ImageCompression compression, ImageAllocation allocation)
    {
        var plan = CopyPlan.Create(disk, [], Granule, TestContext.Current.CancellationToken);
        using var writer = ImageWriters.Create(target, format, disk.Length, compression, createNew: true, allocation);
        var statistics = DiskCopier.Copy(plan, writer, new CopyOptions(), progress: null, TestContext.Current.CancellationToken);
        writer.Complete();
        return statistics;
    }

    private void AssertTarget(ImageFormat format)
    {
        if (format == ImageFormat.Qcow2)
        {
            QemuJudge.AssertImage(Target, _folder["expected"]);
        }
        else
        {
            ExternalTool.Check("cmp", _folder["expected"], Target);
        }
    }

    private static void Overwrite(string path)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        var noise = new byte[MiB];
        for (var offset = 0L; offset < RandomAccess.GetLength(handle); offset += MiB)
        {
            RandomAccess.Write(handle, noise, offset);
        }
    }
}
