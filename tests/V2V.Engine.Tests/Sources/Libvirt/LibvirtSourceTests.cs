using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Sources;
using V2V.Engine.Sources.Libvirt;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.Libvirt;

/// <summary>Guests of libvirt's test driver, of this machine's libvirt, and of one that is reached as another host's is.</summary>
public sealed class LibvirtSourceTests(PrivateLibvirt other) : IClassFixture<PrivateLibvirt>, IDisposable
{
    private const string System = "qemu:///system";

    private const int MiB = 1 << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly string _name = $"v2v-test-{Guid.NewGuid():N}";
    private readonly List<Action> _cleanUp = [];

    public void Dispose()
    {
        _cleanUp.Reverse();
        _cleanUp.ForEach(undo => undo());
        _folder.Dispose();
    }

    [Fact]
    public void The_test_driver_has_one_guest_that_runs()
    {
        ExternalTool.Need("virsh");
        var guest = Assert.Single(Find("test:///default"));
        Assert.Equal(("test", "Libvirt", GuestState.Running), (guest.Name, guest.SourceKind, guest.State));
        Assert.Equal(2, guest.CpuCount);
        Assert.Equal(8192, guest.MemoryMiB);
        var critical = guest.Concerns.Where(c => c.Severity == ConcernSeverity.Critical).ToList();
        Assert.Equal(["GuestRunning", "DiskImageNotFound"], critical.Select(c => c.Id));
        Assert.Contains("/guest/diskimage1", critical[1].Message, StringComparison.Ordinal);
        Assert.Equal("test", Assert.Single(Find("test:///default", "T?st")).Name);
        Assert.Equal("test", Assert.Single(Find("test:///default", "6695eb01-f6a4-8304-79aa-97f2502e193f")).Name);
        Assert.Empty(Find("test:///default", "web*"));
    }

    [Fact]
    public void virt_v2v_prints_the_same_of_a_guest()
    {
        ExternalTool.Need("virt-v2v");
        NeedSystem();
        var (disk, _) = Random(Path.Combine(Pool("a"), "web.img"), MiB);
        Define(
            _name,
            $"""
            <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
            <interface type='bridge'><mac address='52:54:00:11:22:33'/><source bridge='br7'/><model type='virtio'/></interface>
            """);
        var guest = Assert.Single(Find(System, _name));

        var output = ExternalTool.Check("virt-v2v", "-i", "libvirt", "-ic", System, _name, "--print-source");
        string Line(string key) => output.Split('\n').Single(l => l.TrimStart().StartsWith($"{key}:", StringComparison.Ordinal)).Split(':', 2)[1].Trim();
        Assert.Equal(Line("source name"), guest.Name);
        Assert.Equal(Line("memory"), $"{guest.MemoryMiB << 20} (bytes)");
        Assert.Equal(Line("nr vCPUs"), guest.CpuCount.ToString());
        Assert.Equal(Line("display").Split(' ')[0], guest.Display!.Kind.ToString().ToLowerInvariant());
        var adapter = Assert.Single(guest.NetworkAdapters);
        Assert.Contains($"Bridge \"{adapter.Network}\" mac: {adapter.MacAddress}", output, StringComparison.Ordinal);
        Assert.Equal("raw", Assert.Single(guest.Disks).Format);
        Assert.Contains("[virtio-blk]", output, StringComparison.Ordinal);
    }

    [Fact]
    public void All_of_two_hundred_guests_are_shown_and_may_be_given_up()
    {
        ExternalTool.Need("virsh");
        var domains = Enumerable.Range(0, 200).Select(i =>
            $"<domain type='test'><name>web{i:000}</name><memory>524288</memory><os><type>hvm</type></os><devices>"
            + $"<disk type='{(i % 3 == 0 ? "dir" : "file")}'><source file='/none/{i}' dir='/none'/><target dev='vda'/></disk></devices></domain>");
        File.WriteAllText(_folder["node.xml"], $"<node>{string.Concat(domains)}</node>");
        var uri = $"test://{_folder["node.xml"]}";

        var guests = Find(uri);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"web{i:000}"), guests.Select(g => g.Name));
        Assert.All(guests, g => Assert.Contains(g.Concerns, c => c.Severity == ConcernSeverity.Critical && c.Id != "GuestRunning"));
        Assert.Equal(10, Find(uri, "web0[1-2]?", "WEB01?").Count(g => g.Name.StartsWith("web01", StringComparison.Ordinal)));

        using var cancellation = new CancellationTokenSource();
        using var half = LibvirtSource.Find(uri, [], new SourceOptions(), cancellation.Token).GetEnumerator();
        Assert.True(half.MoveNext());
        cancellation.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => half.MoveNext());
    }

    [Fact]
    public void A_guest_that_is_not_there_is_named()
    {
        ExternalTool.Need("virsh");
        var error = Assert.Throws<SourceException>(() => Find("test:///default", "test", "gone"));
        Assert.Equal(V2VError.SourceNotFound, error.Error);
        Assert.Contains("gone", error.Message, StringComparison.Ordinal);
        Assert.Contains("test:///default", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Connections_that_cannot_be_made_are_refused_by_name()
    {
        ExternalTool.Need("virsh");
        Assert.Contains("no connection driver", Refused("nosuch:///driver").Message, StringComparison.OrdinalIgnoreCase);
        Assert.NotNull(Refused("nosuch:///driver").Advice);
        Assert.Contains("/no/such/socket", Refused("qemu+unix:///system?socket=/no/such/socket").Message, StringComparison.Ordinal);
        Assert.Contains("not the URI", Refused("kvm1").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_asked_on_the_console()
    {
        ExternalTool.Need("virsh");
        var error = Refused("esx://127.0.0.1:1/");
        Assert.Equal(V2VError.AuthenticationFailed, error.Error);
        Assert.Contains("asks for a user name", error.Message, StringComparison.Ordinal);
        Assert.Contains("-Credential", error.Advice, StringComparison.Ordinal);
        var options = new SourceOptions { Remote = new RemoteAccess { Credential = new NetworkCredential("root", "") } };
        Assert.Contains("asks for a password", Refused("esx://127.0.0.1:1/", options).Message, StringComparison.Ordinal);
        options = new SourceOptions { Remote = new RemoteAccess { Credential = new NetworkCredential("root", "secret") } };
        error = Refused("esx://127.0.0.1:1/", options);
        Assert.DoesNotContain("asks for", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_says_nothing_is_given_up()
    {
        ExternalTool.Need("virsh");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var options = new SourceOptions { Remote = new RemoteAccess { Timeout = TimeSpan.FromMilliseconds(500) } };
        var error = Refused($"qemu+tcp://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/system", options);
        Assert.Equal(V2VError.RemoteUnavailable, error.Error);
        Assert.Contains("has not answered", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_volumes_and_chains_over_several_pools_are_read()
    {
        NeedSystem();
        var (first, second) = (Pool("a"), Pool("b"));
        var (_, plain) = Random(Path.Combine(first, "plain.img"), 4 * MiB);
        var (basePath, contents) = Random(Path.Combine(second, "base.img"), 8 * MiB);
        var overlay = Path.Combine(first, "overlay.qcow2");
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", "-b", basePath, "-F", "raw", overlay);
        ExternalTool.Check("qemu-img", "convert", "-O", "qcow2", basePath, Path.Combine(second, "volume.qcow2"));
        Virsh("pool-refresh", $"{_name}-b");
        Define(
            _name,
            $"""
            <disk type='file'><driver name='qemu' type='raw'/><source file='{first}/plain.img'/><target dev='vda' bus='virtio'/></disk>
            <disk type='file'><driver name='qemu' type='qcow2'/><source file='{overlay}'/><target dev='vdb' bus='virtio'/></disk>
            <disk type='volume'><driver name='qemu' type='qcow2'/><source pool='{_name}-b' volume='volume.qcow2'/><target dev='vdc' bus='virtio'/></disk>
            <disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>
            """);

        var guest = Assert.Single(Find(System, _name));
        Assert.Equal(GuestState.ShutOff, guest.State);
        Assert.DoesNotContain(guest.Concerns, c => c.Severity == ConcernSeverity.Critical);
        Assert.Equal(["raw", "qcow2", "qcow2"], guest.Disks.Select(d => d.Format));
        Assert.Equal([plain, contents, contents], guest.Disks.Select(ReadAll));
        Assert.Equal(new SourceDisplay(DisplayKind.Vnc, "127.0.0.1", null), guest.Display);
    }

    [Fact]
    [Shows("DiskImageOutsideFolder")]
    public void A_chain_out_of_the_pools_is_refused_beside_the_guests_other_disks()
    {
        NeedSystem();
        var pool = Pool("a");
        var (outside, _) = Random(_folder["outside.img"], MiB);
        Random(Path.Combine(pool, "plain.img"), MiB);
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", "-b", outside, "-F", "raw", Path.Combine(pool, "overlay.qcow2"));
        Define(
            _name,
            $"""
            <disk type='file'><driver name='qemu' type='qcow2'/><source file='{pool}/overlay.qcow2'/><target dev='vda' bus='virtio'/></disk>
            <disk type='file'><driver name='qemu' type='raw'/><source file='{pool}/plain.img'/><target dev='vdb' bus='virtio'/></disk>
            <disk type='network'><driver name='qemu' type='raw'/><source protocol='rbd' name='p/web'><host name='ceph1'/></source><target dev='vdc' bus='virtio'/></disk>
            """);
        var guest = Assert.Single(Find(System, _name));
        Assert.Equal(Path.Combine(pool, "plain.img"), Assert.Single(guest.Disks).Path);
        Assert.Equal(["DiskImageOutsideFolder", "SourceUnsupported"], guest.Concerns.Where(c => c.Severity == ConcernSeverity.Critical).Select(c => c.Id));

        var error = Assert.Throws<ConversionException>(() => Convert(guest, "refused"));
        Assert.Equal(V2VError.DiskImageOutsideFolder, error.Error);
        Assert.False(File.Exists(_folder["refused"]));
        Assert.DoesNotContain(
            Find(System, new SourceOptions { AllowDiskFolders = [_folder.Path] }, _name).Single().Concerns, c => c.Id == "DiskImageOutsideFolder");
    }

    [Fact]
    [Shows("SnapshotsLost")]
    public void External_snapshots_are_followed_and_counted()
    {
        NeedSystem();
        var pool = Pool("a");
        var disk = Path.Combine(pool, "web.qcow2");
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", disk, "16M");
        ExternalTool.Check("qemu-io", "-f", "qcow2", "-c", "write -P 7 1M 2M", disk);
        Define(_name, $"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>");
        Virsh("snapshot-create-as", _name, "before", "--disk-only");
        ExternalTool.Check("qemu-io", "-f", "qcow2", "-c", "write -P 9 2M 2M", Path.Combine(pool, "web.before"));

        var guest = Assert.Single(Find(System, _name));
        Assert.Contains(guest.Concerns, c => c is { Id: "SnapshotsLost", Severity: ConcernSeverity.Information });
        var contents = ReadAll(Assert.Single(guest.Disks));
        ExternalTool.Check("qemu-img", "convert", "-O", "raw", Path.Combine(pool, "web.before"), _folder["expected"]);
        Assert.Equal(Hash(File.ReadAllBytes(_folder["expected"])), contents);
        Virsh("snapshot-delete", _name, "before", "--metadata");
    }

    [Fact]
    public void A_guest_that_is_not_shut_off_is_not_converted()
    {
        NeedSystem();
        var disk = Path.Combine(Pool("a"), "web.qcow2");
        ExternalTool.Check("qemu-img", "convert", "-f", "vmdk", "-O", "qcow2", Sample(), disk);
        Define(_name, $"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>");
        _cleanUp.Add(() => ExternalTool.Run("virsh", "-c", System, "destroy", _name));
        Virsh("start", "--paused", _name);

        var guest = Assert.Single(Find(System, _name));
        Assert.Equal(GuestState.Paused, guest.State);
        Assert.Single(guest.Disks);
        var error = Assert.Throws<ConversionException>(() => Convert(guest, "refused"));
        Assert.Equal(V2VError.GuestRunning, error.Error);
        Assert.Contains("shutdown", error.Advice, StringComparison.Ordinal);
        Assert.DoesNotContain("-AsIs", error.Advice, StringComparison.Ordinal);
        Assert.False(new GuestConversion(guest, new ConversionOptions()).Assess(cancellation: TestContext.Current.CancellationToken).Convertible);

        Virsh("resume", _name);
        Assert.Equal(GuestState.Running, Assert.Single(Find(System, _name)).State);
        Virsh("managedsave", _name);
        var suspended = Assert.Single(Find(System, _name));
        Assert.Equal(GuestState.Suspended, suspended.State);
        Assert.Equal(ConcernSeverity.Warning, Assert.Single(suspended.Concerns, c => c.Id == "GuestSuspended").Severity);
        Virsh("managedsave-remove", _name);
        Assert.Equal(GuestState.ShutOff, Assert.Single(Find(System, _name)).State);
        Assert.NotEmpty(Convert(guest with { State = GuestState.ShutOff, Concerns = [] }, "converted").Disks);
    }

    [Fact]
    public void A_guest_of_another_host_converts_over_its_connection()
    {
        other.Start();
        var disk = Path.Combine(other.Images, "sample.qcow2");
        ExternalTool.Check("qemu-img", "convert", "-f", "vmdk", "-O", "qcow2", Sample(), disk);
        var overlay = Path.Combine(other.Images, "overlay.qcow2");
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", "-b", disk, "-F", "qcow2", overlay);
        other.Virsh("pool-refresh", "images");
        DefineAt(other.Uri, "remote", $"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{overlay}'/><target dev='sda' bus='sata'/></disk>");
        DefineAt(other.Uri, "volume", "<disk type='volume'><driver name='qemu' type='qcow2'/><source pool='images' volume='sample.qcow2'/><target dev='sda' bus='sata'/></disk>");
        DefineAt(other.Uri, "stray", $"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{_folder["stray.img"]}'/><target dev='sda' bus='sata'/></disk>");

        var guests = Find(other.Uri, "remote", "volume", "stray");
        Assert.Equal(["remote", "stray", "volume"], guests.Select(g => g.Name));
        Assert.Contains("pool-create-as", Assert.Single(guests[1].Concerns, c => c.Severity == ConcernSeverity.Critical).Advice, StringComparison.Ordinal);
        Assert.Equal(ReadAll(guests[2].Disks[0]), ReadAll(guests[0].Disks[0]));
        ExternalTool.Check("qemu-img", "convert", "-f", "vmdk", "-O", "raw", _folder["debian12-1.vmdk"], _folder["expected"]);
        Assert.Equal(Hash(File.ReadAllBytes(_folder["expected"])), ReadAll(guests[0].Disks[0]));
        var result = Convert(guests[0], "converted");
        Assert.Contains(result.Assessment.Changes, c => c.Path == "/etc/fstab");
        ExternalTool.Check("qemu-img", "check", result.Disks[0]);
    }

    [Fact]
    public void A_description_in_a_file_has_its_volumes_looked_up_in_a_connection()
    {
        other.Start();
        var (_, contents) = Random(Path.Combine(other.Images, "listed.img"), MiB);
        other.Virsh("pool-refresh", "images");
        File.WriteAllText(_folder["web.xml"], Domain("web", "<disk type='volume'><source pool='images' volume='listed.img'/><target dev='vda' bus='virtio'/></disk>"));

        Assert.Equal(V2VError.SourceUnsupported, Assert.Throws<SourceException>(() => GuestSources.Open(_folder["web.xml"], TestContext.Current.CancellationToken)).Error);
        var guest = Assert.Single(GuestSources.Open(_folder["web.xml"], new SourceOptions { Connection = other.Uri }, TestContext.Current.CancellationToken));
        Assert.Equal(contents, ReadAll(Assert.Single(guest.Disks)));
    }

    [Fact]
    public void Every_guest_is_shown_whatever_is_wrong_with_one()
    {
        other.Start();
        DefineAt(other.Uri, "empty", "");
        DefineAt(other.Uri, "dir", "<disk type='dir'><driver name='qemu' type='fat'/><source dir='/tmp'/><target dev='vda' bus='virtio'/><readonly/></disk>");
        var guests = Find(other.Uri, "empty", "dir");
        Assert.Equal(["dir", "empty"], guests.Select(g => g.Name));
        Assert.All(guests, g => Assert.Equal("SourceUnsupported", Assert.Single(g.Concerns, c => c.Severity == ConcernSeverity.Critical).Id));
    }

    private static IReadOnlyList<SourceGuest> Find(string uri, params string[] names) => Find(uri, new SourceOptions(), names);

    private static IReadOnlyList<SourceGuest> Find(string uri, SourceOptions options, params string[] names) =>
        [.. LibvirtSource.Find(uri, names, options, TestContext.Current.CancellationToken)];

    private static LibvirtException Refused(string uri, SourceOptions? options = null)
    {
        var error = Assert.Throws<LibvirtException>(() => Find(uri, options ?? new SourceOptions()));
        Assert.Contains(uri, error.Message, StringComparison.Ordinal);
        return error;
    }

    private static void NeedSystem()
    {
        ExternalTool.Need("virsh", "qemu-img", "qemu-io");
        ExternalTool.NeedRoot();
        Assert.SkipUnless(ExternalTool.Run("virsh", "-c", System, "version").ExitCode == 0, $"needs libvirt at {System}");
    }

    private static string Virsh(params string[] arguments) => ExternalTool.Check("virsh", ["-c", System, .. arguments]);

    private string Pool(string suffix)
    {
        var folder = Directory.CreateDirectory(_folder[suffix]).FullName;
        // QEMU runs as a user of its own.
        ExternalTool.Check("chmod", "755", _folder.Path);
        Virsh("pool-create-as", $"{_name}-{suffix}", "dir", "--target", folder);
        _cleanUp.Add(() => ExternalTool.Run("virsh", "-c", System, "pool-destroy", $"{_name}-{suffix}"));
        return folder;
    }

    private void Define(string name, string disks)
    {
        DefineAt(System, name, disks);
        _cleanUp.Add(() => ExternalTool.Run("virsh", "-c", System, "undefine", "--snapshots-metadata", name));
    }

    private void DefineAt(string uri, string name, string disks)
    {
        var file = _folder[$"{name}.xml"];
        File.WriteAllText(file, Domain(name, disks));
        ExternalTool.Check("virsh", "-c", uri, "define", file);
    }

    private static string Domain(string name, string disks) =>
        $"""
        <domain type='qemu'><name>{name}</name><memory unit='MiB'>256</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>
        <devices>{disks}<graphics type='vnc' autoport='yes' listen='127.0.0.1' passwd='secret'/></devices></domain>
        """;

    private static (string Path, string Hash) Random(string path, int length)
    {
        var contents = RandomNumberGenerator.GetBytes(length);
        File.WriteAllBytes(path, contents);
        return (path, Hash(contents));
    }

    private static string ReadAll(SourceDisk disk)
    {
        using var device = disk.Open();
        var contents = new byte[device.Length];
        device.Read(0, contents);
        return Hash(contents);
    }

    private static string Hash(byte[] contents) => global::System.Convert.ToHexString(SHA256.HashData(contents));

    private ConversionResult Convert(SourceGuest guest, string folder)
    {
        using var target = new DirectoryTarget(_folder[folder]);
        return new GuestConversion(guest, new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken);
    }

    /// <summary>The disk of the sample guest, unpacked.</summary>
    private string Sample()
    {
        ExternalTool.Check("tar", "-xf", GuestConversionTests.Sample, "-C", _folder.Path);
        return _folder["debian12-1.vmdk"];
    }
}
