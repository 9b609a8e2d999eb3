using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Xml.Linq;
using V2V.Engine.Conversion;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using Xunit;

namespace V2V.Engine.Tests;

/// <summary>The whole pipeline on the sample guest, which takes part of a second; tests/…/Guests does the same with guests that boot.</summary>
public sealed class GuestConversionTests : IDisposable
{
    private const int RootStart = 1 << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-conversion").FullName;

    private string Out => Path.Combine(_folder, "out");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_sample_converts_and_its_source_stays_as_it_was()
    {
        var before = SHA256.HashData(File.ReadAllBytes(Sample));
        var result = ConvertSample();

        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(Sample)));
        Assert.Equal(["debian12-sda.qcow2", "debian12.sh", "debian12.xml"], Names(Out));
        Assert.Equal("Debian GNU/Linux 12 (bookworm)", result.Assessment.OperatingSystem!.ProductName);
        Assert.Equal(DiskBus.Virtio, result.Assessment.Hardware!.DiskBus);
        Assert.Contains(result.Assessment.Changes, c => c.Path == "/boot/initrd.img-6.1.0-18-amd64");
        Assert.Contains(result.Assessment.Changes, c => c.Path == "/etc/fstab");
        Assert.True(result.BytesRead > 0 && result.BytesWritten > 0);

        var domain = XDocument.Parse(File.ReadAllText(result.DomainXmlPath!)).Root!;
        Assert.Equal("vda", (string?)domain.Descendants("disk").First().Element("target")!.Attribute("dev"));
        Assert.Equal(result.Disks[0], (string?)domain.Descendants("disk").First().Element("source")!.Attribute("file"));
    }

    [Fact]
    public void Other_programs_find_the_converted_disk_sound()
    {
        ExternalTool.Need("qemu-img", "e2fsck", "debugfs");
        var result = ConvertSample();

        ExternalTool.Check("qemu-img", "check", result.Disks[0]);
        var partition = RootPartition(result.Disks[0]);
        ExternalTool.Check("e2fsck", "-fn", partition);
        var fstab = ExternalTool.Check("debugfs", "-R", "cat /etc/fstab", partition);
        Assert.Contains("UUID=7c9c3a7e-2d0c-4d4e-9a52-0f6d3c1b8e02", fstab, StringComparison.Ordinal);
        Assert.DoesNotContain("/dev/sda2", fstab, StringComparison.Ordinal);
    }

    [Fact]
    public void A_converted_guest_needs_no_further_change()
    {
        var first = ConvertSample();
        var adapters = first.Assessment.Source.NetworkAdapters
            .Zip(first.Assessment.Hardware!.MacAddresses, (adapter, mac) => adapter with { MacAddress = mac });
        var again = Assert.Single(GuestSources.Open(first.Disks[0], TestContext.Current.CancellationToken)) with { NetworkAdapters = [.. adapters] };

        var second = new GuestConversion(again, new ConversionOptions()).Assess(cancellation: TestContext.Current.CancellationToken);

        Assert.True(second.Convertible, string.Join(" ", second.Concerns));
        Assert.Empty(second.Changes);
    }

    [Fact]
    public void An_assessment_finds_the_same_changes_and_writes_nothing()
    {
        var assessment = new GuestConversion(OpenSample(), new ConversionOptions()).Assess(cancellation: TestContext.Current.CancellationToken);
        var result = ConvertSample();

        Assert.Equal(result.Assessment.Changes.Select(c => (c.Kind, c.Path)), assessment.Changes.Select(c => (c.Kind, c.Path)));
    }

    [Theory]
    [InlineData("Open")]
    [InlineData("Inspect")]
    [InlineData("Convert")]
    [InlineData("Verify")]
    [InlineData("Check")]
    [InlineData("Copy")]
    [InlineData("Define")]
    public void A_run_that_is_cancelled_in_any_phase_leaves_nothing(string phase)
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new Listener(p =>
        {
            if (p.Phase == phase)
            {
                cancellation.Cancel();
            }
        });
        using var target = new DirectoryTarget(Out);
        Assert.ThrowsAny<OperationCanceledException>(
            () => new GuestConversion(OpenSample(), new ConversionOptions()).Convert(target, progress, cancellation.Token));
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public void A_file_that_differs_from_the_manifest_is_refused_and_leaves_nothing()
    {
        var damaged = Path.Combine(_folder, "damaged.ova");
        var bytes = File.ReadAllBytes(Sample);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(damaged, bytes);
        var source = Assert.Single(GuestSources.Open(damaged, TestContext.Current.CancellationToken));
        using var target = new DirectoryTarget(Out);
        Assert.ThrowsAny<V2VException>(() => new GuestConversion(source, new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken));
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public void A_target_without_room_is_refused_before_anything_is_written()
    {
        ExternalTool.NeedRoot();
        ExternalTool.Need("mount", "umount");
        var small = Directory.CreateDirectory(Path.Combine(_folder, "small")).FullName;
        ExternalTool.Check("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small);
        try
        {
            using var target = new DirectoryTarget(small);
            var error = Assert.ThrowsAny<V2VException>(() => new GuestConversion(OpenSample(), new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken));
            Assert.Equal(V2VError.TargetFull, error.Error);
            Assert.NotNull(error.Advice);
            Assert.Empty(Names(small));
        }
        finally
        {
            Mounts.Remove(small);
        }
    }

    [Fact]
    public void An_existing_guest_is_not_overwritten_unless_told_to()
    {
        var first = ConvertSample();
        var before = File.ReadAllBytes(first.Disks[0]);
        using (var target = new DirectoryTarget(Out))
        {
            var error = Assert.ThrowsAny<V2VException>(() => new GuestConversion(OpenSample(), new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken));
            Assert.Equal(V2VError.TargetExists, error.Error);
        }

        Assert.Equal(before, File.ReadAllBytes(first.Disks[0]));
        using (var target = new DirectoryTarget(Out))
        {
            new GuestConversion(OpenSample(), new ConversionOptions { Overwrite = true }).Convert(target, cancellation: TestContext.Current.CancellationToken);
        }

        Assert.Equal(["debian12-sda.qcow2", "debian12.sh", "debian12.xml"], Names(Out));
    }

    [Fact]
    public void A_guest_without_a_boot_loader_comes_with_its_kernel_and_initramfs()
    {
        ExternalTool.Need("qemu-img", "debugfs", "virt-xml-validate");
        using (var target = new DirectoryTarget(Out))
        {
            var result = new GuestConversion(WithoutBootLoader(), new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken);
            Assert.Contains(result.Assessment.Concerns, c => c.Id == "DirectKernelBoot");
            ExternalTool.Check("virt-xml-validate", result.DomainXmlPath!, "domain");
            var os = XDocument.Parse(result.DomainXml).Root!.Element("os")!;
            Assert.Equal(Path.Combine(Out, "sample-vmlinuz"), (string?)os.Element("kernel"));
            Assert.Equal(Path.Combine(Out, "sample-initrd"), (string?)os.Element("initrd"));
            Assert.Equal("root=UUID=7c9c3a7e-2d0c-4d4e-9a52-0f6d3c1b8e01 ro quiet", (string?)os.Element("cmdline"));

            var partition = RootPartition(Assert.Single(result.Disks));
            foreach (var (inside, copy) in new[] { ("vmlinuz", "sample-vmlinuz"), ("initrd.img", "sample-initrd") })
            {
                var dumped = Path.Combine(_folder, inside);
                ExternalTool.Check("debugfs", "-R", $"dump /boot/{inside}-6.1.0-18-amd64 {dumped}", partition);
                Assert.Equal(File.ReadAllBytes(dumped), File.ReadAllBytes(Path.Combine(Out, copy)));
            }
        }

        Assert.Equal(["sample-initrd", "sample-sda.qcow2", "sample-vmlinuz", "sample.sh", "sample.xml"], Names(Out));

        // Names that are taken are found before anything is written.
        File.Delete(Path.Combine(Out, "sample.xml"));
        File.Delete(Path.Combine(Out, "sample.sh"));
        File.Delete(Path.Combine(Out, "sample-sda.qcow2"));
        using var again = new DirectoryTarget(Out);
        var error = Assert.ThrowsAny<V2VException>(() => new GuestConversion(WithoutBootLoader(), new ConversionOptions()).Convert(again, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(V2VError.TargetExists, error.Error);
        Assert.Contains("sample-vmlinuz", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_is_cancelled_leaves_no_kernel_either()
    {
        ExternalTool.Need("qemu-img");
        using var cancellation = new CancellationTokenSource();
        var progress = new Listener(p =>
        {
            if (p.Phase == "Define")
            {
                cancellation.Cancel();
            }
        });
        using var target = new DirectoryTarget(Out);
        Assert.ThrowsAny<OperationCanceledException>(
            () => new GuestConversion(WithoutBootLoader(), new ConversionOptions()).Convert(target, progress, cancellation.Token));
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    [Shows("LeftBehind")]
    public void What_a_failed_run_could_not_remove_is_told_with_the_error()
    {
        using var target = new StubbornTarget();
        var error = Assert.ThrowsAny<V2VException>(
            () => new GuestConversion(OpenSample(), new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(V2VError.TargetWriteFailed, error.Error);
        Assert.Equal("LeftBehind", Assert.Single(error.LeftBehind).Id);
    }

    private ConversionResult ConvertSample()
    {
        using var target = new DirectoryTarget(Out);
        return new GuestConversion(OpenSample(), new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken);
    }

    /// <summary>The sample as a raw disk without the code in its first sector.</summary>
    private SourceGuest WithoutBootLoader()
    {
        var disk = Path.Combine(_folder, "sample.raw");
        ExternalTool.Check("tar", "-xf", Sample, "-C", _folder);
        ExternalTool.Check("qemu-img", "convert", "-O", "raw", Path.Combine(_folder, "debian12-1.vmdk"), disk);
        using (var file = File.OpenWrite(disk))
        {
            file.Write(new byte[440]);
        }

        return Assert.Single(GuestSources.Open(disk, TestContext.Current.CancellationToken));
    }

    private string RootPartition(string disk)
    {
        var raw = Path.Combine(_folder, "disk.raw");
        var partition = Path.Combine(_folder, "partition.img");
        ExternalTool.Check("qemu-img", "convert", "-O", "raw", disk, raw);
        ExternalTool.Check("dd", $"if={raw}", $"of={partition}", $"bs={RootStart}", "skip=1", "count=240", "status=none");
        return partition;
    }

    private static SourceGuest OpenSample() => Assert.Single(GuestSources.Open(Sample));

    private static string[] Names(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    internal static string Sample => Path.GetFullPath(Path.Combine(Here(), "../../samples/debian12.ova"));

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;

    /// <summary>Takes no disk, and says that it could not clean up.</summary>
    private sealed class StubbornTarget : ConversionTarget
    {
        public override string Description => "a stubborn target";

        public override HostCapabilities Capabilities { get; } = new(HasKvm: true, HasUefi: true);

        public override IReadOnlyList<Concern> Check(TargetRequest request) => [];

        public override TargetDisk CreateDisk(TargetDiskRequest request) => throw new TargetException(V2VError.TargetWriteFailed, "no disk");

        public override DefinedDomain Define(DomainDescription domain) => throw new InvalidOperationException("There are no disks to define.");

        public override IReadOnlyList<Concern> RollBack() => [new Concern(ConcernSeverity.Warning, "LeftBehind", "something stayed")];
    }

    private sealed class Listener(Action<ConversionProgress> heard) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => heard(value);
    }
}
