using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;
using V2V.Engine.Targets.Journal;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Libvirt;

/// <summary>A libvirt that is reached by SSH, where nothing can be done but through libvirt. Judged by virsh and qemu-img on this host.</summary>
public sealed class RemoteLibvirtTargetTests(LoopbackSsh ssh) : IClassFixture<LoopbackSsh>, IDisposable
{
    private const string Uri = "qemu:///system";
    private const int MiB = 1 << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly string _name = $"v2v-test-{Guid.NewGuid():N}";

    public void Dispose()
    {
        ExternalTool.Run("virsh", "-c", Uri, "undefine", "--nvram", _name);
        ExternalTool.Run("virsh", "-c", Uri, "pool-destroy", _name);
        ExternalTool.Run("virsh", "-c", Uri, "pool-undefine", _name);
        _folder.Dispose();
    }

    [Theory]
    [InlineData(ImageFormat.Qcow2, ImageCompression.None)]
    [InlineData(ImageFormat.Qcow2, ImageCompression.Zstd)]
    [InlineData(ImageFormat.Raw, ImageCompression.None)]
    public void A_disk_is_uploaded_as_it_is(ImageFormat format, ImageCompression compression)
    {
        MakePool();
        var content = Content(200 * MiB);
        File.WriteAllBytes(_folder["source.raw"], content);
        using var target = new LibvirtTarget(ssh.Uri, _name);
        var request = new TargetDiskRequest($"{_name}-sda", format, content.Length, content.Length, compression);
        Assert.DoesNotContain(target.Check(new TargetRequest(_name, [request])), c => c.Severity == ConcernSeverity.Critical);

        var disk = target.CreateDisk(request);
        var plan = CopyPlan.Create(new MemoryDisk(content), [], ImageWriters.Granularity(format), TestContext.Current.CancellationToken);
        DiskCopier.Copy(plan, disk.Writer, new CopyOptions(), cancellation: TestContext.Current.CancellationToken);
        disk.Writer.Complete();
        target.Define(SampleDomain.Create(name: _name) with { Disks = [disk.Source] });

        var written = disk.Source.Path!;
        Assert.StartsWith(_folder.Path, written, StringComparison.Ordinal);
        if (format == ImageFormat.Qcow2)
        {
            ExternalTool.Check("qemu-img", "check", "-f", "qcow2", written);
        }

        ExternalTool.Check("qemu-img", "compare", "-f", "raw", "-F", format == ImageFormat.Qcow2 ? "qcow2" : "raw", _folder["source.raw"], written);
        Assert.Contains(written, Virsh("domblklist", _name), StringComparison.Ordinal);
        Assert.True(AllocatedBytes(written) < content.Length / 2, "The holes of the disk were filled.");
    }

    /// <summary>As they come from several threads and from tables that are written when the memory for them is used up.</summary>
    [Fact]
    public void What_comes_out_of_order_finds_its_place()
    {
        MakePool();
        var content = Content(100 * MiB);
        using var target = new LibvirtTarget(ssh.Uri, _name);
        var disk = target.CreateDisk(new TargetDiskRequest("disk", ImageFormat.Raw, content.Length, content.Length));
        var chunks = Enumerable.Range(0, content.Length / MiB).ToArray();
        new Random(5).Shuffle(chunks);
        foreach (var i in chunks)
        {
            disk.Writer.Write((long)i * MiB, content.AsSpan(i * MiB, MiB));
        }

        disk.Writer.Complete();
        Assert.Equal(content, File.ReadAllBytes(disk.Source.Path!));
    }

    /// <summary>No hole follows, and nothing comes late, so that nothing but the end itself ends the stream.</summary>
    [Fact]
    public void A_disk_that_is_full_to_its_end_arrives_whole()
    {
        MakePool();
        var content = new byte[40 * MiB];
        new Random(7).NextBytes(content);
        using var target = new LibvirtTarget(ssh.Uri, _name);
        var disk = target.CreateDisk(new TargetDiskRequest("disk", ImageFormat.Raw, content.Length, content.Length));
        for (var i = 0; i < content.Length; i += MiB)
        {
            disk.Writer.Write(i, content.AsSpan(i, MiB));
        }

        disk.Writer.Complete();
        Assert.Equal(content, File.ReadAllBytes(disk.Source.Path!));
    }

    [Fact]
    public void Nothing_is_left_of_an_upload_that_is_rolled_back()
    {
        MakePool();
        using (var target = new LibvirtTarget(ssh.Uri, _name))
        {
            var disk = target.CreateDisk(new TargetDiskRequest("disk", ImageFormat.Raw, 64 * MiB, 64 * MiB));
            disk.Writer.Write(0, new byte[MiB]);
            Assert.Contains("disk", Virsh("vol-list", _name), StringComparison.Ordinal);
            Assert.Empty(target.RollBack());
        }

        Assert.Empty(Directory.EnumerateFiles(_folder.Path));
    }

    [Fact]
    public void What_is_replaced_is_there_until_the_domain_is_defined()
    {
        MakePool();
        File.WriteAllText(_folder["disk.img"], "old");
        Virsh("pool-refresh", _name);
        var request = new TargetDiskRequest("disk.img", ImageFormat.Raw, MiB, MiB);
        foreach (var isKept in new[] { true, false })
        {
            using var target = new LibvirtTarget(ssh.Uri, _name);
            Assert.Contains(target.Check(new TargetRequest(_name, [request])), c => c.Id == "TargetExists");
            target.Check(new TargetRequest(_name, [request], Overwrite: true));
            var disk = target.CreateDisk(request);
            disk.Writer.Complete();
            Assert.Equal(_folder["disk.1.img"], disk.Source.Path);
            if (isKept)
            {
                target.RollBack();
                Assert.Equal("old", File.ReadAllText(_folder["disk.img"]));
                Assert.False(File.Exists(_folder["disk.1.img"]));
            }
            else
            {
                target.Define(SampleDomain.Create(name: _name) with { Disks = [disk.Source] });
                Assert.False(File.Exists(_folder["disk.img"]));
                Assert.True(File.Exists(_folder["disk.1.img"]));
            }
        }
    }

    /// <summary>At each step a run dies; the next one takes back what it made, or removes what it replaced.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_dead_run_left_is_taken_back_or_finished(bool wasDefined)
    {
        MakePool();
        File.WriteAllText(_folder["disk.img"], "old");
        Virsh("pool-refresh", _name);
        var runs = _folder["runs"];
        using (var journal = new RunJournal(runs))
        {
            Virsh("vol-create-as", _name, "disk.1.img", "1M");
            journal.Add(new MakeVolume(ssh.Uri, _name, "disk.1.img", "disk.img"));
            journal.Add(new DefineDomain(ssh.Uri, _name, null, null));
        }

        if (wasDefined)
        {
            using var target = new LibvirtTarget(ssh.Uri, _name);
            target.Define(SampleDomain.Create(name: _name) with { Disks = [new DomainDiskSource(ImageFormat.Raw, _folder["disk.1.img"])] });
        }

        Assert.Single(DeadRuns.CleanUp(runs));
        Assert.Equal([wasDefined ? "disk.1.img" : "disk.img"], Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName));
        Assert.Empty(Directory.EnumerateFiles(runs));
    }

    [Fact]
    public void A_domain_that_a_dead_run_had_undefined_is_defined_again()
    {
        MakePool();
        var runs = _folder["runs"];
        using (var target = new LibvirtTarget(ssh.Uri, _name))
        {
            target.Define(SampleDomain.Create(name: _name));
        }

        var (uuid, xml) = (Guid.Parse(Virsh("domuuid", _name)), Virsh("dumpxml", _name));
        using (var journal = new RunJournal(runs))
        {
            journal.Add(new DefineDomain(ssh.Uri, _name, uuid, xml));
        }

        Virsh("undefine", "--nvram", _name);
        DeadRuns.CleanUp(runs);
        Assert.Equal(uuid, Guid.Parse(Virsh("domuuid", _name)));
    }

    [Fact]
    public void A_host_that_does_not_answer_stands_against_a_conversion()
    {
        var uri = ssh.Uri;
        using var target = new LibvirtTarget(uri[..uri.IndexOf('?')].Replace(new Uri(uri).Port.ToString(), "1") + uri[uri.IndexOf('?')..], "default");
        var found = Assert.Single(target.Check(new TargetRequest(_name, [])));
        Assert.Equal((ConcernSeverity.Critical, nameof(V2VError.LibvirtUnavailable)), (found.Severity, found.Id));
        Assert.Contains("refused", found.Message, StringComparison.Ordinal);
    }

    /// <summary>Data with zeros between, some of which end in the middle of a cluster.</summary>
    private static byte[] Content(int length)
    {
        var content = new byte[length];
        var random = new Random(3);
        for (var i = 0; i < length; i += 10 * MiB)
        {
            random.NextBytes(content.AsSpan(i, Math.Min((2 * MiB) + 12_345, length - i)));
        }

        return content;
    }

    private static long AllocatedBytes(string path) => long.Parse(ExternalTool.Check("stat", "-c", "%b", path)) * 512;

    private void MakePool()
    {
        Assert.SkipUnless(ExternalTool.Run("virsh", "-c", Uri, "version").ExitCode == 0, "libvirt does not answer at qemu:///system");
        Virsh("pool-define-as", _name, "dir", "--target", _folder.Path);
        Virsh("pool-start", _name);
    }

    private static string Virsh(params string[] arguments) => ExternalTool.Check("virsh", ["-c", Uri, .. arguments]);
}
