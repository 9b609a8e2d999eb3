using System.Buffers.Binary;
using System.Net.Sockets;
using V2V.Engine.Disks.Transports.Ssh;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Ssh;

public sealed class SshAgentTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_agent_that_is_not_there_or_no_agent_is_named()
    {
        var e = Assert.Throws<DiskImageException>(() => new SshAgent(_folder["missing"]).Identities());
        Assert.Equal(V2VError.AuthenticationFailed, e.Error);
        Assert.Contains(_folder["missing"], e.Message, StringComparison.Ordinal);
        Assert.Throws<DiskImageException>(() => new SshAgent(new string('x', 300)).Identities());
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0, 0, 0, 5, 12, 0xFF, 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 1, 5 })]
    public async Task Answers_that_no_agent_gives_are_refused(byte[] answer)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_folder["agent"]));
        listener.Listen();
        Task server = Task.Run(async () =>
        {
            using Socket client = await listener.AcceptAsync(TestContext.Current.CancellationToken);
            await client.ReceiveAsync(new byte[5], TestContext.Current.CancellationToken);
            await client.SendAsync(answer, TestContext.Current.CancellationToken);
        }, TestContext.Current.CancellationToken);
        Assert.Throws<DiskImageException>(() => new SshAgent(_folder["agent"]).Identities());
        await server;
    }

    [Fact]
    public void Damaged_lists_and_signatures_end_in_the_engine_s_exception()
    {
        var agent = new SshAgent("test");
        byte[] key = [.. Text("ssh-ed25519"), .. Text(new string('k', 32))];
        byte[] list = [12, 0, 0, 0, 2, .. Framed(key), .. Text("first"), .. Framed([.. Text("ssh-rsa"), .. Text("e"), .. Text("n")]), .. Text("second")];
        Assert.Equal(["ssh-ed25519", "ssh-rsa"], agent.ParseIdentities(list).Select(i => i.Type));
        Mutations.Check(list, list.Length, 300, damaged => agent.ParseIdentities(damaged));

        byte[] signature = [14, .. Framed([.. Text("ssh-ed25519"), .. Text(new string('s', 64))])];
        Assert.Equal(signature[5..], agent.ParseSignature(signature, "ssh-ed25519"));
        Assert.Null(agent.ParseSignature([5], "ssh-ed25519"));
        Mutations.Check(signature, signature.Length, 300, damaged => agent.ParseSignature(damaged, "ssh-ed25519"));
    }

    private static byte[] Text(string text) => Framed(System.Text.Encoding.ASCII.GetBytes(text));

    private static byte[] Framed(byte[] content)
    {
        byte[] framed = new byte[4 + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed, content.Length);
        content.CopyTo(framed, 4);
        return framed;
    }
}
