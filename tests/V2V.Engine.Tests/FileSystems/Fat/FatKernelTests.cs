using Xunit;

namespace V2V.Engine.Tests.FileSystems.Fat;

/// <summary>Runs <see cref="FatDifferentialTests"/> where this machine's kernel has no vfat.</summary>
[Trait("Category", "Slow")]
public sealed class FatKernelTests
{
    /// <summary>It takes two to three minutes; under other load more.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(9);

    [Fact]
    public void Engine_and_kernel_agree_where_this_machine_has_no_vfat()
    {
        Assert.SkipWhen(HasVfat(), "this machine's kernel has vfat, so that FatDifferentialTests run in it");
        ExternalTool.Need("mkfs.fat", "mcopy");
        using var kernel = new DebianKernel { Drivers = ["vfat", "nls_cp437", "nls_ascii", "nls_iso8859-1", "nls_utf8"] };
        kernel.Run(typeof(FatDifferentialTests), s_limit);
    }

    private static bool HasVfat()
    {
        _ = ExternalTool.Run("modprobe", "vfat");
        return File.ReadLines("/proc/filesystems").Any(l => l.EndsWith("\tvfat", StringComparison.Ordinal));
    }
}
