using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Targets.Libvirt;
using Xunit;

namespace V2V.Engine.Tests.Faults;

/// <summary>A target that was large enough when it was looked at, and is not when it is written.</summary>
public sealed class FullTargetTests : IDisposable
{
    private const string Uri = "qemu:///system";

    private readonly FaultGuest _guest = new();
    private readonly string _pool = $"v2v-full-{Guid.NewGuid():N}";
    private bool _isMounted;
    private bool _hasPool;

    private string Small => _guest["small"];

    public void Dispose()
    {
        if (_hasPool)
        {
            ExternalTool.Run("virsh", "-c", Uri, "pool-destroy", _pool);
            ExternalTool.Run("virsh", "-c", Uri, "pool-undefine", _pool);
        }

        if (_isMounted)
        {
            Mounts.Remove(Small);
        }

        _guest.Dispose();
    }

    [Theory]
    [InlineData("tmpfs", ImageFormat.Qcow2, ImageAllocation.Sparse)]
    [InlineData("tmpfs", ImageFormat.Raw, ImageAllocation.Sparse)]
    [InlineData("ext4", ImageFormat.Qcow2, ImageAllocation.Preallocated)]
    [InlineData("ext4", ImageFormat.Qcow2, ImageAllocation.Sparse)]
    [InlineData("ext4", ImageFormat.Raw, ImageAllocation.Preallocated)]
    public void A_folder_that_fills_up_is_told_and_has_nothing_of_the_guest(string fileSystem, ImageFormat format, ImageAllocation allocation)
    {
        Mount(fileSystem);
        using var target = new DirectoryTarget(Small);
        Fill(target, format, allocation);
    }

    [Theory]
    [InlineData("tmpfs")]
    [InlineData("ext4")]
    public void A_pool_that_fills_up_is_told_and_has_nothing_of_the_guest(string fileSystem)
    {
        MakePool(fileSystem);
        using (var target = new LibvirtTarget(Uri, _pool))
        {
            Fill(target, ImageFormat.Qcow2, ImageAllocation.Sparse);
        }

        ExternalTool.Check("virsh", "-c", Uri, "pool-refresh", _pool);
        Assert.DoesNotContain("-sda", ExternalTool.Check("virsh", "-c", Uri, "vol-list", _pool), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_target_that_is_full_before_is_refused_before_anything_is_written(bool isPool)
    {
        if (isPool)
        {
            MakePool("tmpfs");
        }
        else
        {
            Mount("tmpfs");
        }

        TakeAllBut(8 << 20);
        using ConversionTarget target = isPool ? new LibvirtTarget(Uri, _pool) : new DirectoryTarget(Small);
        var phases = new List<string>();
        var error = Assert.ThrowsAny<V2VException>(() => new GuestConversion(_guest.Guest, new ConversionOptions { Name = _pool }).Convert(
            target, new Listener(p => phases.Add(p.Phase)), TestContext.Current.CancellationToken));
        Assert.Equal(V2VError.TargetFull, error.Error);
        Assert.Contains("are needed", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Copy", phases);
        Assert.Equal(["filler"], Names());
    }

    private void Fill(ConversionTarget target, ImageFormat format, ImageAllocation allocation)
    {
        var isFull = false;
        var guest = FaultyDisk.In(_guest.Guest, d => new FaultyDisk(d)
        {
            At = FaultGuest.DataLength / 4,
            Happens = () =>
            {
                isFull = true;
                TakeAllBut(4 << 20);
            },
        });
        // What is allocated at once needs no room later: it has to be gone before that.
        var progress = allocation == ImageAllocation.Preallocated ? Listener.At("Copy", () => TakeAllBut(8 << 20)) : null;
        var error = Assert.ThrowsAny<V2VException>(() => new GuestConversion(
            allocation == ImageAllocation.Preallocated ? _guest.Guest : guest,
            new ConversionOptions { Name = _pool, Format = format, Allocation = allocation }).Convert(target, progress, TestContext.Current.CancellationToken));
        Assert.True(isFull || allocation == ImageAllocation.Preallocated);
        Assert.Equal(V2VError.TargetFull, error.Error);
        Assert.Contains("are free", error.Message, StringComparison.Ordinal);
        Assert.Empty(error.LeftBehind);
        Assert.Equal(["filler"], Names());
    }

    /// <summary>Another program's file. The copy may be writing at the same time, so that what is free is not for long.</summary>
    private void TakeAllBut(long bytes)
    {
        do
        {
            File.Delete(Path.Combine(Small, "filler"));
        }
        while (ExternalTool.Run("fallocate", "-l", $"{new DriveInfo(Small).AvailableFreeSpace - bytes}", Path.Combine(Small, "filler")).ExitCode != 0);
    }

    private void MakePool(string fileSystem)
    {
        Assert.SkipUnless(ExternalTool.Run("virsh", "-c", Uri, "version").ExitCode == 0, "libvirt does not answer at qemu:///system");
        Mount(fileSystem);
        ExternalTool.Check("virsh", "-c", Uri, "pool-define-as", _pool, "dir", "--target", Small);
        _hasPool = true;
        ExternalTool.Check("virsh", "-c", Uri, "pool-start", _pool);
    }

    private void Mount(string fileSystem)
    {
        ExternalTool.NeedRoot();
        ExternalTool.Need("mount", "umount", "fallocate");
        Directory.CreateDirectory(Small);
        if (fileSystem == "tmpfs")
        {
            ExternalTool.Check("mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", Small);
        }
        else
        {
            ExternalTool.Need("mkfs.ext4");
            using (var image = File.Create(_guest["ext4.img"]))
            {
                image.SetLength(3L << 30);
            }

            ExternalTool.Check("mkfs.ext4", "-q", "-m", "0", _guest["ext4.img"]);
            ExternalTool.Check("mount", "-o", "loop", _guest["ext4.img"], Small);
            Directory.Delete(Path.Combine(Small, "lost+found"));
        }

        _isMounted = true;
    }

    private IEnumerable<string?> Names() => Directory.EnumerateFileSystemEntries(Small).Select(Path.GetFileName);
}
