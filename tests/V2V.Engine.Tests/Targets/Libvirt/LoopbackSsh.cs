using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace V2V.Engine.Tests.Targets.Libvirt;

/// <summary>An SSH server on this host, by which its libvirt is reached as if it were another's.</summary>
public sealed class LoopbackSsh : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-ssh-").FullName;
    private Process? _server;

    /// <summary>The URI of this host's libvirt by way of the server.</summary>
    public string Uri => field ??= Start();

    public void Dispose()
    {
        _server?.Kill(entireProcessTree: true);
        _server?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Start()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "an SSH server has to be started by root");
        var program = ExternalTool.Find("sshd");
        Assert.SkipWhen(program is null, "needs sshd");
        foreach (var key in new[] { "host", "user" })
        {
            ExternalTool.Check("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(_folder, key));
        }

        File.Copy(Path.Combine(_folder, "user.pub"), Path.Combine(_folder, "authorized"));
        var port = FreePort();
        File.WriteAllText(Path.Combine(_folder, "config"), $"""
            Port {port}
            ListenAddress 127.0.0.1
            HostKey {_folder}/host
            AuthorizedKeysFile {_folder}/authorized
            PidFile {_folder}/pid
            StrictModes no
            UsePAM no
            PermitRootLogin prohibit-password
            PasswordAuthentication no
            """);
        // sshd insists on this folder for its unprivileged half.
        Directory.CreateDirectory("/run/sshd");
        _server = Process.Start(new ProcessStartInfo(program!, ["-D", "-e", "-f", Path.Combine(_folder, "config")]) { RedirectStandardError = true })!;
        for (var line = ""; !line.Contains("Server listening", StringComparison.Ordinal);)
        {
            line = _server.StandardError.ReadLine() ?? throw new InvalidOperationException("sshd did not start.");
        }

        _ = _server.StandardError.ReadToEndAsync();
        return $"qemu+ssh://root@127.0.0.1:{port}/system?keyfile={_folder}/user&no_verify=1";
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
