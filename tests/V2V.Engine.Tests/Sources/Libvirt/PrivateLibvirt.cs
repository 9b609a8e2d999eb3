using System.Diagnostics;
using V2V.Engine.Tests.Targets.Images;
#pragma warning disable IDE0005 // The other tests, which have this file too, use it everywhere.
using Xunit;
#pragma warning restore IDE0005

namespace V2V.Engine.Tests.Sources.Libvirt;

/// <summary>
/// A libvirt daemon of the tests' own, which they may stop and kill: one as a user starts it, reached over TCP, so that to V2V it is another
/// host. It has the pool "images", whose folder is <see cref="Images"/>.
/// </summary>
public sealed class PrivateLibvirt : IDisposable
{
    private const string Nobody = "65534";

    private readonly TemporaryFolder _folder = new();
    private readonly int _port = ExternalServer.FreePort();
    private Process? _daemon;

    public PrivateLibvirt()
    {
        foreach (var name in new[] { "run", "home", "images" })
        {
            Directory.CreateDirectory(_folder[name]);
        }

        File.WriteAllText(
            _folder["libvirtd.conf"], $"""
            listen_tls = 0
            listen_tcp = 1
            listen_addr = "127.0.0.1"
            tcp_port = "{_port}"
            auth_tcp = "none"

            """);
        if (Environment.IsPrivilegedProcess)
        {
            // Root's daemon would be the system's.
            ExternalTool.Check("chown", "-R", $"{Nobody}:{Nobody}", _folder.Path);
        }
    }

    public string Uri => $"qemu+tcp://127.0.0.1:{_port}/session";

    /// <summary>The same daemon as one of this host, whose pool's folder is written directly.</summary>
    public string LocalUri => $"qemu+unix:///session?socket={_folder["run/libvirt/libvirt-sock"]}";

    public string Images => _folder["images"];

    /// <summary>Starts the daemon, if it does not run, and waits until it answers.</summary>
    public void Start()
    {
        if (_daemon is not null)
        {
            return;
        }

        ExternalTool.Need("virsh", "libvirtd", "setpriv");
        List<string> command = ["libvirtd", "--listen", "--config", _folder["libvirtd.conf"], "--pid-file", _folder["run/pid"]];
        if (Environment.IsPrivilegedProcess)
        {
            command.InsertRange(0, ["setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups"]);
        }

        var start = new ProcessStartInfo("/usr/bin/env", command) { RedirectStandardError = true };
        start.Environment["PATH"] = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin";
        start.Environment["HOME"] = start.Environment["XDG_CONFIG_HOME"] = start.Environment["XDG_CACHE_HOME"] = _folder["home"];
        start.Environment["XDG_RUNTIME_DIR"] = _folder["run"];
        _daemon = Process.Start(start)!;
        _daemon.ErrorDataReceived += (_, _) => { };
        _daemon.BeginErrorReadLine();
        for (var attempt = 0; ExternalTool.Run("virsh", "-c", Uri, "version").ExitCode != 0; attempt++)
        {
            Assert.True(attempt < 100 && !_daemon.HasExited, "The test's own libvirtd does not start.");
            Thread.Sleep(100);
        }

        ExternalTool.Run("virsh", "-c", Uri, "pool-create-as", "images", "dir", "--target", Images);
    }

    public string Virsh(params string[] arguments) => ExternalTool.Check("virsh", ["-c", Uri, .. arguments]);

    /// <summary>Ends the daemon as a crash does.</summary>
    public void Kill()
    {
        _daemon!.Kill();
        _daemon.WaitForExit();
        _daemon.Dispose();
        _daemon = null;
    }

    /// <summary>Has the daemon hang, or go on.</summary>
    public void Hang(bool hangs) => ExternalTool.Check("kill", hangs ? "-STOP" : "-CONT", _daemon!.Id.ToString());

    public void Dispose()
    {
        if (_daemon is not null)
        {
            Kill();
        }

        _folder.Dispose();
    }
}
