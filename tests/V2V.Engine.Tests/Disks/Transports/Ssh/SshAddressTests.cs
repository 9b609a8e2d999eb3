using System.Reflection;
using System.Runtime.Loader;
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

    /// <summary>Half of the module's bytes are SSH's: who reads local files does not wait for them.</summary>
    [Fact]
    public void The_library_is_not_loaded_before_a_connection_is_made()
    {
        var context = new RecordingContext(Path.GetDirectoryName(typeof(SshAddress).Assembly.Location)!);
        Assembly engine = context.LoadFromAssemblyPath(typeof(SshAddress).Assembly.Location);
        object access = Activator.CreateInstance(engine.GetType(typeof(RemoteAccess).FullName!)!)!;
        object? file = engine.GetType(typeof(RemoteFiles).FullName!)!.GetMethod(nameof(RemoteFiles.Locate))!.Invoke(null, ["ssh://127.0.0.1:1/web.vmx", access]);
        Assert.Contains("web.vmx", file!.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Renci.SshNet", context.Asked);
        Assert.NotNull(Record.Exception(() => file.GetType().GetMethod(nameof(RemoteFile.Open))!.Invoke(file, null)));
        Assert.Contains("Renci.SshNet", context.Asked);
    }

    private sealed class RecordingContext(string folder) : AssemblyLoadContext("recording")
    {
        public List<string?> Asked { get; } = [];

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            Asked.Add(assemblyName.Name);
            string path = Path.Combine(folder, assemblyName.Name + ".dll");
            return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
        }
    }
}
