using System.Security.Cryptography;
using V2V.Engine.Sources;
using V2V.Engine.Sources.Libvirt;
using V2V.Engine.Tests.Disks.Transports.Ssh;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.Libvirt;

/// <summary>This machine's libvirt, reached as another host's is: by SSH, through a server of the tests' own.</summary>
public sealed class LibvirtOverSshTests : IDisposable
{
    private const string System = "qemu:///system";

    private const int Length = 3 << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly string _name = $"v2v-test-{Guid.NewGuid():N}";

    public void Dispose()
    {
        ExternalTool.Run("virsh", "-c", System, "undefine", _name);
        ExternalTool.Run("virsh", "-c", System, "pool-destroy", _name);
        _folder.Dispose();
    }

    [Fact]
    public void Volumes_come_by_libvirt_and_other_files_by_SSH()
    {
        ExternalTool.Need("virsh", "ssh", "virt-ssh-helper");
        ExternalTool.NeedRoot();
        Assert.SkipUnless(ExternalTool.Run("virsh", "-c", System, "version").ExitCode == 0, $"needs libvirt at {System}");
        using var server = SshServer.Start();
        Directory.CreateDirectory(_folder["pool"]);
        var contents = RandomNumberGenerator.GetBytes(Length);
        File.WriteAllBytes(_folder["pool/volume.img"], contents);
        File.WriteAllBytes(_folder["a file.img"], contents);
        ExternalTool.Check("virsh", "-c", System, "pool-create-as", _name, "dir", "--target", _folder["pool"]);
        File.WriteAllText(
            _folder["web.xml"],
            $"""
            <domain type='qemu'><name>{_name}</name><memory>262144</memory><os><type arch='x86_64'>hvm</type></os><devices>
            <disk type='file'><driver name='qemu' type='raw'/><source file='{_folder["pool/volume.img"]}'/><target dev='vda' bus='virtio'/></disk>
            <disk type='file'><driver name='qemu' type='raw'/><source file='{_folder["a file.img"]}'/><target dev='vdb' bus='virtio'/></disk>
            </devices></domain>
            """);
        ExternalTool.Check("virsh", "-c", System, "define", _folder["web.xml"]);
        var uri = $"qemu+ssh://root@127.0.0.1:{server.Port}/system";

        // Nobody has accepted the server's key yet, and nobody is asked.
        var known = _folder["known_hosts"];
        var program = Program(known);
        var error = Assert.Throws<LibvirtException>(() => Find($"{uri}?command={program}", server));
        Assert.Contains("Host key verification failed", error.Message, StringComparison.Ordinal);
        Assert.Contains("without a question", error.Advice, StringComparison.Ordinal);

        File.WriteAllText(known, server.KnownHost("host_ed25519"));
        var guest = Assert.Single(Find($"{uri}?command={program}", server));
        Assert.DoesNotContain(guest.Concerns, c => c.Severity == ConcernSeverity.Critical);
        Assert.StartsWith("qemu+ssh://", guest.Disks[0].Path, StringComparison.Ordinal);
        Assert.StartsWith("ssh://", guest.Disks[1].Path, StringComparison.Ordinal);
        foreach (var disk in guest.Disks)
        {
            using var device = disk.Open();
            var read = new byte[Length];
            device.Read(0, read);
            Assert.Equal(Convert.ToHexString(SHA256.HashData(contents)), Convert.ToHexString(SHA256.HashData(read)));
        }
    }

    /// <summary>ssh, with a list of known hosts that is not the user's own.</summary>
    private string Program(string knownHosts)
    {
        var program = _folder["ssh"];
        File.WriteAllText(program, $"#!/bin/sh\nexec ssh -o UserKnownHostsFile={knownHosts} -o GlobalKnownHostsFile=/dev/null \"$@\"\n");
        ExternalTool.Check("chmod", "755", program);
        return program;
    }

    private IReadOnlyList<SourceGuest> Find(string uri, SshServer server) =>
        [.. LibvirtSource.Find(uri, [_name], new SourceOptions { Remote = server.Access }, TestContext.Current.CancellationToken)];
}
