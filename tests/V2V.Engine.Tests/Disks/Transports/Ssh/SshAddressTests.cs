using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Ssh;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Ssh;

public sealed class SshAddressTests
{
    [Theory]
    [InlineData("ssh://root@esx1/vmfs/volumes/ds 1/web.vmx", "root", "esx1", 22, "/vmfs/volumes/ds 1/web.vmx", "ssh://root@esx1/vmfs/volumes/ds%201/web.vmx")]
    [InlineData("sftp://esx1:2222//a/%23b%3F.vmdk", "given", "esx1", 2222, "/a/#b?.vmdk", "ssh://given@esx1:2222/a/%23b%3F.vmdk")]
    [InlineData("ssh://DOM%5Cme@[fe80::1]/a", @"DOM\me", "fe80::1", 22, "/a", "ssh://DOM%5Cme@[fe80::1]/a")]
    [InlineData("ssh://[::1]:222/a/../b", "given", "::1", 222, "/b", "ssh://given@[::1]:222/b")]
    public void Uris_are_taken_apart_and_put_together(string uri, string user, string host, int port, string path, string again)
    {
        (SshAddress address, string parsed) = SshAddress.Parse(new Uri(uri), new RemoteAccess { Credential = new("given", "") });
        Assert.Equal(new SshAddress(user, host, port), address);
        Assert.Equal(path, parsed);
        Assert.Equal(again, address.UriOf(parsed));
        Assert.Equal((address, parsed), SshAddress.Parse(new Uri(again), new RemoteAccess()));
    }

    [Theory]
    [InlineData("ssh:///disk.raw")]
    [InlineData("ssh://host/")]
    [InlineData("ssh://host/folder/")]
    [InlineData("ssh://host/a?b")]
    [InlineData("ssh://user:secret@host/a")]
    [InlineData("ssh://-oProxyCommand=x/a")]
    public void Uris_that_name_no_file_are_refused(string uri)
    {
        var e = Assert.Throws<DiskImageException>(() => RemoteFiles.Locate(uri, new RemoteAccess()));
        Assert.Equal(V2VError.DiskImageUnsupported, e.Error);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }
}
