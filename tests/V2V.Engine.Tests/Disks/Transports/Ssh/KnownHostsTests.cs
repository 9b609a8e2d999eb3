using System.Text;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Ssh;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Ssh;

/// <summary>Reads lists that ssh-keygen made, and connects to a server by what they say.</summary>
[Collection(SshCollection.Name)]
public sealed class KnownHostsTests : IDisposable
{
    private readonly SshServer _server = SshServer.Start();
    private int _lists;

    public void Dispose() => _server.Dispose();

    /// <summary>Every list is a file of its own: a connection that was made by one is kept for a while for who shows the same one.</summary>
    private DiskImageException? Connect(params string[] knownHosts) =>
        Connect(_server.Access with { HostKeyFingerprint = null, KnownHostsFile = _server.Folder.Write($"known_hosts{_lists++}", string.Join('\n', knownHosts) + "\n") });

    private DiskImageException? Connect(RemoteAccess access)
    {
        _server.Folder.Write("disk.raw", [1, 2, 3]);
        DiskImageException? refusal = null;
        try
        {
            using DiskFile file = RemoteFiles.Locate(_server.Uri("disk.raw"), access).Open();
            Assert.Equal(3, file.Length);
        }
        catch (DiskImageException e)
        {
            refusal = e;
            Assert.Equal(V2VError.AuthenticationFailed, e.Error);
        }

        return refusal;
    }

    [Fact]
    public void A_host_is_known_by_any_of_its_keys_and_by_names_that_were_hashed()
    {
        Assert.Null(Connect("# a comment", "", "garbage", _server.KnownHost("host_ed25519")));
        Assert.Null(Connect(_server.KnownHost("host_ecdsa")));
        Assert.Null(Connect(_server.KnownHost("host_ecdsa", $"other,[127.0.0.*]:{_server.Port}")));

        string file = _server.Folder.Write("hashed", _server.KnownHost("host_ecdsa"));
        ExternalTool.Check("ssh-keygen", "-H", "-f", file);
        string hashed = File.ReadAllText(file);
        Assert.DoesNotContain("127.0.0.1", hashed, StringComparison.Ordinal);
        Assert.Null(Connect(hashed));
    }

    [Fact]
    public void An_unknown_host_is_refused_with_its_fingerprint_and_the_way_out()
    {
        DiskImageException? e = Connect(_server.KnownHost("host_ed25519", "127.0.0.1"));
        Assert.Contains(_server.Fingerprint("host_ed25519"), e!.Message, StringComparison.Ordinal);
        Assert.Contains($"ssh-keyscan -p {_server.Port} 127.0.0.1", e.Advice, StringComparison.Ordinal);
        Assert.Contains("-HostKeyFingerprint", e.Advice, StringComparison.Ordinal);
        Assert.NotNull(Connect(_server.KnownHost("host_ed25519", $"*,![127.0.0.1]:{_server.Port}")));
        e = Connect("@cert-authority * " + _server.KnownHost("host_ed25519")[(_server.KnownHost("host_ed25519").IndexOf(' ') + 1)..]);
        Assert.Contains("certificates", e!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_or_revoked_key_is_refused_in_words_that_name_the_danger()
    {
        _server.MakeKey("other", "ed25519");
        DiskImageException? e = Connect(_server.KnownHost("other"));
        Assert.Contains("somebody stands between", e!.Message, StringComparison.Ordinal);
        Assert.Contains("line 1", e.Message, StringComparison.Ordinal);
        Assert.Contains(_server.Fingerprint("host_ed25519"), e.Message, StringComparison.Ordinal);

        // Known by another key of another type, which it does not have.
        _server.MakeKey("other_rsa", "rsa");
        Assert.Contains("only by ssh-rsa", Connect(_server.KnownHost("other_rsa"))!.Message, StringComparison.Ordinal);

        e = Connect(_server.KnownHost("host_ed25519"), "@revoked " + _server.KnownHost("host_ed25519", "*"));
        Assert.Contains("revoked", e!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fingerprint_may_be_of_any_of_the_host_s_keys()
    {
        RemoteAccess access = _server.Access;
        Assert.Null(Connect(access with { HostKeyFingerprint = _server.Fingerprint("host_ed25519") + "=" }));
        Assert.Null(Connect(access with { HostKeyFingerprint = _server.Fingerprint("host_ecdsa") }));
        DiskImageException? e = Connect(access with { HostKeyFingerprint = _server.Fingerprint("user") });
        Assert.Contains(_server.Fingerprint("user"), e!.Message, StringComparison.Ordinal);
        Assert.Contains(_server.Fingerprint("host_ed25519"), e.Message, StringComparison.Ordinal);
        Assert.Contains("no fingerprint", Connect(access with { HostKeyFingerprint = "SHA256:abc" })!.Message, StringComparison.Ordinal);
        Assert.Contains("no fingerprint", Connect(access with { HostKeyFingerprint = "MD5:97:70:33" })!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_that_was_given_has_to_be_there() =>
        Assert.Contains("cannot be read", Connect(_server.Access with { HostKeyFingerprint = null, KnownHostsFile = _server.Folder["missing"] })!.Message, StringComparison.Ordinal);

    [Fact]
    public void Damaged_lists_never_know_another_key()
    {
        byte[] stranger = Convert.FromBase64String(File.ReadAllText(_server.Folder["user.pub"]).Split(' ')[1]);
        string file = _server.Folder.Write("list", $"{_server.KnownHost("host_ed25519")}@revoked {_server.KnownHost("host_ecdsa", "*")}");
        ExternalTool.Check("ssh-keygen", "-H", "-f", file);
        byte[] list = [.. File.ReadAllBytes(file), .. Encoding.ASCII.GetBytes(_server.KnownHost("host_ecdsa", "a?,!*b,[127.0.0.1]:*"))];
        var address = new SshAddress("root", "127.0.0.1", _server.Port);
        Mutations.Check(list, list.Length, 300, damaged =>
        {
            List<KnownHost> lines = KnownHosts.Parse(new StreamReader(new MemoryStream(damaged), Encoding.Latin1), address.KnownName, "list");
            // The refusal is the outcome that Mutations counts.
            throw new KnownHostsCheck(address, ["list"], lines).Judge(stranger)!;
        });
    }
}
