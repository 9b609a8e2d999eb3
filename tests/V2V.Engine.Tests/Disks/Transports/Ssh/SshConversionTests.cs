using System.Runtime.CompilerServices;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Directory;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Ssh;

/// <summary>The sample guest as ESXi has it in a datastore: read over SSH from its VMX to the last block, over a connection that breaks.</summary>
[Collection(SshCollection.Name)]
public sealed class SshConversionTests : IDisposable
{
    private const long Pattern = 512 << 10;

    private readonly SshServer _server = SshServer.Start();

    public void Dispose() => _server.Dispose();

    [Fact]
    public void A_guest_with_a_snapshot_converts_over_a_connection_that_breaks()
    {
        ExternalTool.Need("qemu-img", "qemu-io", "tar", "e2fsck");
        string folder = WriteGuest();
        using var proxy = new LossyProxy(_server.Port, 150_000, 2_000_000);
        SourceGuest guest = Assert.Single(GuestSources.Open(
            _server.Uri("web 1/web.vmx", proxy.Port), new SourceOptions { Remote = _server.Access }, TestContext.Current.CancellationToken));
        Assert.Equal("web", guest.Name);
        SourceDisk disk = Assert.Single(guest.Disks);
        Assert.StartsWith("ssh://", disk.Path, StringComparison.Ordinal);

        SourceGuest local = Assert.Single(GuestSources.Open(Path.Combine(folder, "web.vmx"), TestContext.Current.CancellationToken));
        GuestAssessment expected = new GuestConversion(local, new ConversionOptions()).Assess(cancellation: TestContext.Current.CancellationToken);
        using var target = new DirectoryTarget(_server.Folder["out"]);
        ConversionResult result = new GuestConversion(guest, new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(0, proxy.DropsLeft);
        Assert.Equal(expected.Changes.Select(c => (c.Kind, c.Path)), result.Assessment.Changes.Select(c => (c.Kind, c.Path)));

        string converted = Assert.Single(result.Disks);
        ExternalTool.Check("qemu-img", "check", converted);
        ExternalTool.Check("qemu-io", "-r", "-c", $"read -P 0x5a {Pattern} 64k", converted);
        ExternalTool.Check("qemu-img", "convert", "-O", "raw", converted, _server.Folder["raw"]);
        ExternalTool.Check("dd", $"if={_server.Folder["raw"]}", $"of={_server.Folder["root"]}", "bs=1M", "skip=1", "count=240", "status=none");
        ExternalTool.Check("e2fsck", "-fn", _server.Folder["root"]);
    }

    [Fact]
    public void A_missing_extent_is_named_by_its_uri()
    {
        ExternalTool.Need("qemu-img", "qemu-io", "tar");
        string folder = WriteGuest();
        File.Delete(Path.Combine(folder, "web-flat.vmdk"));
        var e = Assert.ThrowsAny<V2VException>(() => GuestSources.Open(
            _server.Uri("web 1/web.vmx"), new SourceOptions { Remote = _server.Access }, TestContext.Current.CancellationToken));
        Assert.Equal(V2VError.DiskImageNotFound, e.Error);
        Assert.Contains("ssh://", e.Message, StringComparison.Ordinal);
    }

    /// <summary>A flat disk with a snapshot upon it that has changed some bytes which belong to no file system.</summary>
    private string WriteGuest()
    {
        string folder = Directory.CreateDirectory(_server.Folder["web 1"]).FullName;
        ExternalTool.Check("tar", "-xf", Path.GetFullPath(Path.Combine(Here(), "../../../../../samples/debian12.ova")), "-C", _server.Folder.Path);
        string parent = Path.Combine(folder, "web.vmdk");
        ExternalTool.Check("qemu-img", "convert", "-O", "vmdk", "-o", "subformat=monolithicFlat", _server.Folder["debian12-1.vmdk"], parent);
        string snapshot = Path.Combine(folder, "web-000001.vmdk");
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "vmdk", "-b", "web.vmdk", "-F", "vmdk", snapshot);
        ExternalTool.Check("qemu-io", "-c", $"write -P 0x5a {Pattern} 64k", snapshot);
        File.WriteAllText(Path.Combine(folder, "web.vmx"), """
            .encoding = "UTF-8"
            config.version = "8"
            virtualHW.version = "13"
            displayName = "web"
            memSize = "1024"
            numvcpus = "1"
            guestOS = "debian12-64"
            scsi0.present = "TRUE"
            scsi0.virtualDev = "pvscsi"
            scsi0:0.present = "TRUE"
            scsi0:0.fileName = "web-000001.vmdk"

            """);
        return folder;
    }

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
