using V2V.Engine.Sources;
using V2V.Engine.Targets.Libvirt;
using Xunit;

namespace V2V.Engine.Tests.Faults;

/// <summary>What happens to a pool and to the domain's name while a guest is copied.</summary>
public sealed class LostPoolTests : IDisposable
{
    private const string Uri = "qemu:///system";

    private readonly FaultGuest _guest = new();
    private readonly string _name = $"v2v-lost-{Guid.NewGuid():N}";

    public LostPoolTests()
    {
        Assert.SkipUnless(ExternalTool.Run("virsh", "-c", Uri, "version").ExitCode == 0, "libvirt does not answer at qemu:///system");
        Directory.CreateDirectory(Folder);
        Virsh("pool-define-as", _name, "dir", "--target", Folder);
        Virsh("pool-start", _name);
    }

    private string Folder => _guest["pool"];

    public void Dispose()
    {
        ExternalTool.Run("virsh", "-c", Uri, "undefine", "--nvram", _name);
        ExternalTool.Run("virsh", "-c", Uri, "pool-destroy", _name);
        ExternalTool.Run("virsh", "-c", Uri, "pool-undefine", _name);
        _guest.Dispose();
    }

    [Theory]
    [InlineData("Copy")]
    [InlineData("Define")]
    public void A_pool_that_is_stopped_meanwhile_has_nothing_of_the_guest(string phase)
    {
        Fail(_guest.Guest, Listener.At(phase, () => Virsh("pool-destroy", _name)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Folder));
        Virsh("pool-start", _name);
        Convert(_guest.Guest);
        Assert.Contains(_name, Virsh("list", "--all", "--name"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Copy")]
    [InlineData("Define")]
    public void A_pool_that_is_deleted_meanwhile_is_told(string phase)
    {
        Fail(_guest.Guest, Listener.At(phase, () =>
        {
            Virsh("pool-destroy", _name);
            Virsh("pool-undefine", _name);
            Directory.Delete(Folder, recursive: true);
        }));
        Assert.False(Directory.Exists(Folder));
    }

    [Fact]
    public void A_domain_that_appears_between_check_and_define_is_left_alone()
    {
        var xml = $"<domain type='qemu'><name>{_name}</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>";
        File.WriteAllText(_guest["other.xml"], xml);
        var error = Fail(_guest.Guest, Listener.At("Copy", () => Virsh("define", _guest["other.xml"])));
        Assert.Equal(V2VError.TargetExists, error.Error);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Folder));
        Assert.DoesNotContain("<disk", Virsh("dumpxml", _name), StringComparison.Ordinal);
    }

    [Fact]
    public void A_domain_that_libvirt_refuses_leaves_no_disk()
    {
        // No machine runs without a CPU.
        var error = Fail(_guest.Guest with { CpuCount = 0, CpuTopology = null }, progress: null);
        Assert.Equal(V2VError.LibvirtFailed, error.Error);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Folder));
        Assert.DoesNotContain(_name, Virsh("list", "--all", "--name"), StringComparison.Ordinal);
    }

    private V2VException Fail(SourceGuest guest, IProgress<ConversionProgress>? progress)
    {
        var error = Assert.ThrowsAny<V2VException>(() => Convert(guest, progress));
        Assert.Empty(error.LeftBehind);
        return error;
    }

    private void Convert(SourceGuest guest, IProgress<ConversionProgress>? progress = null)
    {
        using var target = new LibvirtTarget(Uri, _name);
        new GuestConversion(guest, new ConversionOptions { Name = _name }).Convert(target, progress, TestContext.Current.CancellationToken);
    }

    private static string Virsh(params string[] arguments) => ExternalTool.Check("virsh", ["-c", Uri, .. arguments]);
}
