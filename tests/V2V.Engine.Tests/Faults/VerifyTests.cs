using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Faults;

/// <summary>-Verify: what a disk holds is read back and compared. The bytes are changed by QEMU, or where they lie.</summary>
public sealed class VerifyTests : IDisposable
{
    private const int Length = (6 << 20) + 1536;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<ImageFormat, ImageCompression, ImageAllocation> Images() => new()
    {
        { ImageFormat.Raw, ImageCompression.None, ImageAllocation.Sparse },
        { ImageFormat.Raw, ImageCompression.None, ImageAllocation.Preallocated },
        { ImageFormat.Qcow2, ImageCompression.None, ImageAllocation.Sparse },
        { ImageFormat.Qcow2, ImageCompression.Zlib, ImageAllocation.Sparse },
        { ImageFormat.Qcow2, ImageCompression.Zstd, ImageAllocation.Sparse },
        { ImageFormat.Qcow2, ImageCompression.None, ImageAllocation.Metadata },
        { ImageFormat.Qcow2, ImageCompression.None, ImageAllocation.Preallocated },
    };

    [Theory]
    [MemberData(nameof(Images))]
    public void One_changed_byte_is_found_wherever_it_is(ImageFormat format, ImageCompression compression, ImageAllocation allocation)
    {
        ExternalTool.Need("qemu-img", "qemu-io");
        var data = MemoryDisk.Mixed(Length, seed: 11);
        // A megabyte that is known to be zero, and is not copied.
        data.AsSpan(3 << 20, 1 << 20).Clear();
        var source = new MemoryDisk(
            data, [new(0, 3 << 20, IsZero: false), new(3 << 20, 1 << 20, IsZero: true), new(4 << 20, Length - (4 << 20), IsZero: false)]);
        File.WriteAllBytes(_folder["expected"], data);
        var plan = CopyPlan.Create(source, [], ImageWriters.Granularity(format), TestContext.Current.CancellationToken);
        var path = _folder["disk"];
        using var writer = ImageWriters.Create(path, format, Length, compression, createNew: true, allocation);
        DiskCopier.Copy(plan, writer, new CopyOptions(), cancellation: TestContext.Current.CancellationToken);
        writer.Complete();

        Compare(plan, writer, format);
        var name = format == ImageFormat.Qcow2 ? "qcow2" : "raw";
        ExternalTool.Check("qemu-img", "compare", "-f", "raw", "-F", name, _folder["expected"], path);

        foreach (var offset in new[] { 0, 12_345, (2 << 20) + 1, (3 << 20) + 77, (5 << 20) - 1, Length - 1 })
        {
            // QEMU writes whole bytes only in a raw or uncompressed image; a compressed cluster becomes a plain one.
            var wrong = data[offset] ^ 0x40;
            Write(name, path, offset, wrong);
            var error = Assert.Throws<TargetException>(() => Compare(plan, writer, format));
            Assert.Equal((V2VError.TargetDiffers, offset), (error.Error, error.Offset));
            Write(name, path, offset, data[offset]);
            Compare(plan, writer, format);
        }
    }

    [Fact]
    public void The_first_of_many_differences_is_the_one_that_is_told()
    {
        var data = MemoryDisk.Mixed(24 << 20, seed: 12);
        var plan = CopyPlan.Create(new MemoryDisk(data), [], 4096, TestContext.Current.CancellationToken);
        var wrong = (byte[])data.Clone();
        for (var i = 3_000_000; i < wrong.Length; i += 100_000)
        {
            wrong[i] ^= 1;
        }

        for (var run = 0; run < 20; run++)
        {
            var error = Assert.Throws<TargetException>(
                () => DiskComparison.Run(plan, new MemoryDisk(wrong), "disk", threads: 4, progress: null, TestContext.Current.CancellationToken));
            Assert.Equal(3_000_000, error.Offset);
        }
    }

    [Fact]
    public void A_conversion_is_compared_before_its_domain_is_defined()
    {
        using var guest = new FaultGuest();
        var phases = new List<string>();
        var result = guest.Convert(options: new ConversionOptions { VerifyDisks = true }, progress: new Listener(p => phases.Add(p.Phase)));
        Assert.Equal(["Copy", "Compare", "Define"], phases.Distinct().SkipWhile(p => p != "Copy"));
        Assert.Contains(result.Phases, p => p.Name == "Compare");
        QemuJudge.AssertImage(guest.Written, guest.DataPath);
    }

    [Fact]
    public void Bytes_that_change_between_copy_and_comparison_are_found_and_nothing_is_left()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux's files without a name, which are written through /proc");
        using var guest = new FaultGuest();
        const int Offset = 20_000_001;
        var error = guest.Fail(
            options: new ConversionOptions { VerifyDisks = true, Format = ImageFormat.Raw },
            progress: Listener.At("Compare", () => Flip(guest, Offset)));
        Assert.Equal((V2VError.TargetDiffers, Offset), (error.Error, error.Offset));
    }

    [Fact]
    public void A_run_that_is_cancelled_while_it_compares_leaves_nothing()
    {
        using var guest = new FaultGuest();
        using var cancellation = new CancellationTokenSource();
        using var target = new V2V.Engine.Targets.Directory.DirectoryTarget(guest.Out);
        Assert.ThrowsAny<OperationCanceledException>(() => new GuestConversion(guest.Guest, new ConversionOptions { VerifyDisks = true })
            .Convert(target, Listener.At("Compare", cancellation.Cancel), cancellation.Token));
        Assert.False(Directory.Exists(guest.Out));
    }

    /// <summary>Changes a byte of the data disk's file, which has no name yet.</summary>
    private static void Flip(FaultGuest guest, int offset)
    {
        var open = Directory.EnumerateFiles("/proc/self/fd").Where(f => new FileInfo(f).LinkTarget?.StartsWith(guest.Out + "/", StringComparison.Ordinal) == true).ToList();
        var file = open.Single(f => Length(f) == FaultGuest.DataLength);
        using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.Position = offset;
        stream.WriteByte((byte)(guest.Data[offset] ^ 1));

        static long Length(string path)
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return stream.Length;
        }
    }

    private static void Compare(CopyPlan plan, ImageWriter writer, ImageFormat format)
    {
        using var written = WrittenDisk.Open(writer.File!, format);
        DiskComparison.Run(plan, written, "disk", threads: 0, progress: null, TestContext.Current.CancellationToken);
    }

    private static void Write(string format, string path, int offset, int value) =>
        Assert.DoesNotContain("failed", ExternalTool.Check("qemu-io", "-f", format, "-c", $"write -P {value} {offset} 1", path), StringComparison.Ordinal);
}
