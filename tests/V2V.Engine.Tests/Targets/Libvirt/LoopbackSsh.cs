using V2V.Engine.Tests.Disks.Transports.Ssh;

namespace V2V.Engine.Tests.Targets.Libvirt;

/// <summary>This host's libvirt as if it were another's: by way of an SSH server of the tests' own.</summary>
public sealed class LoopbackSsh : IDisposable
{
    private SshServer? _server;

    public string Uri
    {
        get
        {
            ExternalTool.Need("ssh", "virt-ssh-helper");
            ExternalTool.NeedRoot();
            _server ??= SshServer.Start();
            return $"qemu+ssh://root@127.0.0.1:{_server.Port}/system?keyfile={_server.KeyFile}&no_verify=1";
        }
    }

    public void Dispose() => _server?.Dispose();
}
