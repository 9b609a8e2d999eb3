using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using V2V.Engine.Disks.Transports;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Ssh;

/// <summary>An OpenSSH server of the tests' own: on loopback, at a port of its own, with keys that are made for it.</summary>
internal sealed class SshServer : IDisposable
{
    private static readonly string[] s_hostKeys = ["ed25519", "ecdsa"];

    private readonly string _configuration;
    private Process _process;

    private SshServer(string options, string sftp)
    {
        ExternalTool.Need("sshd", "ssh-keygen");
        if (Environment.IsPrivilegedProcess)
        {
            Directory.CreateDirectory("/run/sshd");
        }

        foreach (string type in s_hostKeys)
        {
            MakeKey("host_" + type, type);
        }

        KeyFile = MakeKey("user", "ed25519");
        Authorize("user");
        Port = ExternalServer.FreePort();
        _configuration = Folder.Write("sshd_config", $"""
            Port {Port}
            ListenAddress 127.0.0.1
            {string.Join('\n', s_hostKeys.Select(k => $"HostKey {Folder["host_" + k]}"))}
            PidFile none
            StrictModes no
            PermitRootLogin yes
            AuthorizedKeysFile {Folder["authorized_keys"]}
            {sftp}
            {options}

            """);
        _process = Launch();
    }

    public TestFolder Folder { get; } = new();

    public int Port { get; }

    /// <summary>A key that logs in.</summary>
    public string KeyFile { get; }

    public RemoteAccess Access => new() { KeyFile = KeyFile, HostKeyFingerprint = Fingerprint("host_ed25519") };

    /// <summary>The server's processes for who is logged in.</summary>
    public int[] Sessions => Children(_process.Id);

    public static SshServer Start(string options = "UsePAM no", string sftp = "Subsystem sftp internal-sftp") => new(options, sftp);

    public string Uri(string name, int? port = null) => $"ssh://{Environment.UserName}@127.0.0.1:{port ?? Port}{Folder[name]}";

    public string MakeKey(string name, string type, string password = "")
    {
        ExternalTool.Check("ssh-keygen", "-q", "-t", type, "-N", password, "-C", name, "-f", Folder[name]);
        return Folder[name];
    }

    /// <summary>Lets a key log in, beside those that do already.</summary>
    public void Authorize(string key) => File.AppendAllText(Folder["authorized_keys"], File.ReadAllText(Folder[key + ".pub"]));

    /// <summary>"SHA256:...", as ssh-keygen has it.</summary>
    public string Fingerprint(string key) => ExternalTool.Check("ssh-keygen", "-l", "-f", Folder[key + ".pub"]).Split(' ')[1];

    /// <summary>A line of known_hosts.</summary>
    public string KnownHost(string key, string? names = null) => $"{names ?? $"[127.0.0.1]:{Port}"} {File.ReadAllText(Folder[key + ".pub"])}";

    public void KillSessions()
    {
        foreach (int session in Sessions)
        {
            try
            {
                using var process = Process.GetProcessById(session);
                process.Kill(entireProcessTree: true);
            }
            catch (ArgumentException)
            {
                // It ended by itself.
            }
        }
    }

    public void Stop()
    {
        // The sessions go first: they would live on without the listening process.
        int[] sessions = Sessions;
        _process.Kill();
        _process.WaitForExit();
        foreach (int session in sessions)
        {
            try
            {
                using var process = Process.GetProcessById(session);
                process.Kill(entireProcessTree: true);
            }
            catch (ArgumentException)
            {
                // It ended by itself.
            }
        }
    }

    public void Restart() => _process = Launch();

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Stop();
        }

        _process.Dispose();
        Folder.Dispose();
    }

    private Process Launch()
    {
        // sshd starts itself anew for each connection, and so wants to be called by its full path.
        string program = new[] { "/usr/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd" }.First(File.Exists);
        var process = Process.Start(program, ["-D", "-f", _configuration, "-E", Folder["sshd.log"]]);
        for (int i = 0; i < 600; i++)
        {
            try
            {
                using var client = new TcpClient("127.0.0.1", Port);
                Assert.Equal('S', client.GetStream().ReadByte());
                return process;
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                Assert.False(process.HasExited, $"sshd ended: {(File.Exists(Folder["sshd.log"]) ? File.ReadAllText(Folder["sshd.log"]) : "")}");
                Thread.Sleep(50);
            }
        }

        Assert.Fail("sshd does not answer.");
        return process;
    }

    private static int[] Children(int parent) =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : 0)
            .Where(id => id > 0 && ParentOf(id) == parent),
    ];

    private static int ParentOf(int id)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
