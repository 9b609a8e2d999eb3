using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Libvirt;

/// <summary>A pool of this machine's libvirt in a folder of its own, and the name of one domain. Both are gone afterwards.</summary>
internal sealed class TestPool : IDisposable
{
    public const string Uri = "qemu:///system";

    private readonly TemporaryFolder _folder = new();

    public TestPool()
    {
        var (exitCode, output) = ExternalTool.Run("virsh", "-c", Uri, "version");
        Assert.SkipUnless(exitCode == 0, $"needs a running libvirtd with QEMU at {Uri}: {output}");
        ExternalTool.NeedRoot();
        // QEMU runs as a user of its own.
        ExternalTool.Check("chmod", "755", _folder.Path);
        Virsh("pool-create-as", Name, "dir", "--target", _folder.Path);
    }

    /// <summary>Of the pool and of the domain.</summary>
    public string Name { get; } = $"v2v-test-{Guid.NewGuid():N}";

    public string Folder => _folder.Path;

    public static string Virsh(params string[] arguments) => ExternalTool.Check("virsh", ["-c", Uri, .. arguments]);

    public bool HasDomain => ExternalTool.Run("virsh", "-c", Uri, "domstate", Name).ExitCode == 0;

    public void Dispose()
    {
        foreach (var command in new[] { $"destroy {Name}", $"undefine {Name} --nvram", $"pool-destroy {Name}" })
        {
            ExternalTool.Run("virsh", ["-c", Uri, .. command.Split(' ')]);
        }

        _folder.Dispose();
    }
}
