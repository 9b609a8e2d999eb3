using System.Diagnostics;
using System.Net;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Ssh;

/// <summary>Logs in to a server in every way. Alone, since the agent and the user's keys are found by the process's environment.</summary>
[Collection(AloneCollection.Name)]
public sealed class SshLoginTests : IDisposable
{
    private readonly string? _home = Environment.GetEnvironmentVariable("HOME");
    private readonly string? _agent = Environment.GetEnvironmentVariable("SSH_AUTH_SOCK");
    private SshServer? _server;

    public SshLoginTests()
    {
        Environment.SetEnvironmentVariable("SSH_AUTH_SOCK", null);
        Environment.SetEnvironmentVariable("HOME", "/nonexistent");
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("HOME", _home);
        Environment.SetEnvironmentVariable("SSH_AUTH_SOCK", _agent);
        _server?.Dispose();
    }

    private SshServer Start(string options = "UsePAM no", string sftp = "Subsystem sftp internal-sftp")
    {
        _server = SshServer.Start(options, sftp);
        _server.Folder.Write("disk.raw", [1, 2, 3]);
        return _server;
    }

    /// <summary>Null when the login succeeds, else the refusal's message.</summary>
    private string? Login(RemoteAccess access, string? user = null)
    {
        string uri = _server!.Uri("disk.raw");
        if (user is not null)
        {
            uri = uri.Replace($"{Environment.UserName}@", $"{user}@", StringComparison.Ordinal);
        }

        try
        {
            using DiskFile file = RemoteFiles.Locate(uri, access).Open();
            byte[] read = new byte[3];
            file.Read(0, read);
            Assert.Equal([1, 2, 3], read);
            return null;
        }
        catch (DiskImageException e) when (e.Error == V2VError.AuthenticationFailed)
        {
            return e.Message;
        }
    }

    [Fact]
    public void Key_files_of_every_type_log_in_and_encrypted_ones_with_their_password()
    {
        SshServer server = Start();
        foreach (string type in new[] { "ed25519", "ecdsa", "rsa" })
        {
            string plain = server.MakeKey(type, type);
            Assert.Contains($"'{plain}'", Login(server.Access with { KeyFile = plain })!, StringComparison.Ordinal);
            server.Authorize(type);
            Assert.Null(Login(server.Access with { KeyFile = plain }));

            string encrypted = server.MakeKey(type + "_encrypted", type, "correct horse");
            server.Authorize(type + "_encrypted");
            Assert.Null(Login(server.Access with { KeyFile = encrypted, Credential = new NetworkCredential("", "correct horse") }));
            Assert.Contains("decrypted", Login(server.Access with { KeyFile = encrypted, Credential = new NetworkCredential("", "wrong horse") })!, StringComparison.Ordinal);
            Assert.Contains("is encrypted", Login(server.Access with { KeyFile = encrypted })!, StringComparison.Ordinal);
        }

        Assert.Contains("cannot be used", Login(server.Access with { KeyFile = server.Folder.Write("no-key", "nothing") })!, StringComparison.Ordinal);
        Assert.Contains("cannot be used", Login(server.Access with { KeyFile = server.Folder["missing"] })!, StringComparison.Ordinal);
    }

    [Fact]
    public void The_agent_s_keys_log_in()
    {
        ExternalTool.Need("ssh-agent", "ssh-add");
        SshServer server = Start();
        RemoteAccess access = server.Access with { KeyFile = null };
        Assert.Contains("SSH_AUTH_SOCK is not set", Login(access)!, StringComparison.Ordinal);

        string socket = server.Folder["agent"];
        using var agent = Process.Start(new ProcessStartInfo("ssh-agent", ["-D", "-a", socket]) { RedirectStandardOutput = true })!;
        try
        {
            SpinWait.SpinUntil(() => File.Exists(socket), TimeSpan.FromSeconds(30));
            Environment.SetEnvironmentVariable("SSH_AUTH_SOCK", socket);
            Assert.Contains("holds no keys", Login(access)!, StringComparison.Ordinal);
            foreach (string type in new[] { "rsa", "ecdsa", "ed25519" })
            {
                string key = server.MakeKey("agent_" + type, type);
                ExternalTool.Check("env", $"SSH_AUTH_SOCK={socket}", "ssh-add", "-q", key);
                Assert.Contains("of the agent", Login(access with { Timeout = TimeSpan.FromSeconds(31) })!, StringComparison.Ordinal);
                server.Authorize("agent_" + type);
                Assert.Null(Login(access));
                // One after the other, so that it is this key that logs in.
                ExternalTool.Check("env", $"SSH_AUTH_SOCK={socket}", "ssh-add", "-q", "-D");
                File.Delete(server.Folder["authorized_keys"]);
                server.KillSessions();
            }

            // More keys than a server lets anybody try.
            for (int i = 0; i < 7; i++)
            {
                ExternalTool.Check("env", $"SSH_AUTH_SOCK={socket}", "ssh-add", "-q", server.MakeKey($"many{i}", "ed25519"));
            }

            Assert.Contains("Too many authentication failures", Login(access with { Timeout = TimeSpan.FromSeconds(32) })!, StringComparison.Ordinal);
        }
        finally
        {
            agent.Kill();
            agent.WaitForExit();
        }

        Assert.Contains(socket, Login(access)!, StringComparison.Ordinal);
    }

    [Fact]
    public void The_user_s_own_keys_log_in_unless_they_are_encrypted()
    {
        SshServer server = Start();
        Directory.CreateDirectory(server.Folder["home/.ssh"]);
        Environment.SetEnvironmentVariable("HOME", server.Folder["home"]);
        server.MakeKey("home/.ssh/id_ed25519", "ed25519", "secret");
        server.MakeKey("home/.ssh/id_ecdsa", "ecdsa");
        RemoteAccess access = server.Access with { KeyFile = null, HostKeyFingerprint = null };
        Assert.Contains("not known in", Login(access)!, StringComparison.Ordinal);
        File.WriteAllText(server.Folder["home/.ssh/known_hosts"], server.KnownHost("host_ecdsa"));
        string message = Login(access)!;
        Assert.Contains("id_ecdsa'", message, StringComparison.Ordinal);
        Assert.Contains("id_ed25519' (it is encrypted)", message, StringComparison.Ordinal);
        Assert.Contains("The host accepts publickey", message, StringComparison.Ordinal);
        server.Authorize("home/.ssh/id_ecdsa");
        Assert.Null(Login(access));
    }

    /// <summary>ESXi asks by keyboard-interactive only, others take the password as such. A user is made for it and removed again.</summary>
    [Theory]
    [InlineData("UsePAM no\nPasswordAuthentication yes", "(keyboard-interactive)")]
    [InlineData("UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication yes", "the password (keyboard-interactive)")]
    public void Passwords_log_in(string options, string way)
    {
        ExternalTool.NeedRoot();
        ExternalTool.Need("useradd", "userdel", "openssl");
        SshServer server = Start(options);
        string user = $"v2v{Environment.ProcessId}{Random.Shared.Next(1000)}";
        string hash = ExternalTool.Check("openssl", "passwd", "-6", "correct horse").Trim();
        ExternalTool.Check("useradd", "-M", "-d", "/", "-s", "/bin/sh", "-p", hash, user);
        try
        {
            ExternalTool.Check("chmod", "o+x", server.Folder.Path);
            RemoteAccess access = server.Access with { KeyFile = null };
            Assert.Null(Login(access with { Credential = new NetworkCredential("ignored", "correct horse") }, user));
            ExternalTool.Check("chmod", "0", server.Folder["disk.raw"]);
            var denied = Assert.Throws<DiskImageException>(() => Login(access with { Credential = new NetworkCredential("", "correct horse") }, user));
            Assert.Equal(V2VError.DiskImageReadFailed, denied.Error);
            Assert.Contains("root", denied.Advice, StringComparison.Ordinal);
            string message = Login(access with { Credential = new NetworkCredential("", "wrong horse") }, user)!;
            Assert.Contains(way, message, StringComparison.Ordinal);
            Assert.Contains(user, message, StringComparison.Ordinal);
            Assert.DoesNotContain("horse", message, StringComparison.Ordinal);
        }
        finally
        {
            server.Stop();
            ExternalTool.Run("userdel", user);
        }
    }

    [Fact]
    public void A_host_without_SFTP_is_named()
    {
        SshServer server = Start(sftp: "");
        var e = Assert.Throws<DiskImageException>(() => Login(server.Access));
        Assert.Equal(V2VError.RemoteUnavailable, e.Error);
        Assert.Contains("sftp", e.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void An_account_for_files_only_reads_them_whole()
    {
        SshServer server = Start("UsePAM no\nForceCommand internal-sftp");
        using (FileStream sparse = File.Create(server.Folder["sparse.raw"]))
        {
            sparse.SetLength(64 << 20);
        }

        using DiskFile file = RemoteFiles.Locate(server.Uri("sparse.raw"), server.Access).Open();
        Assert.Equal([new DiskExtent(0, 64 << 20, IsZero: false)], file.Extents(0, file.Length));
    }
}
