using Xunit;

namespace V2V.Engine.Tests.Faults;

/// <summary>A source file that becomes shorter while it is copied.</summary>
public sealed class TruncatedSourceTests
{
    [Theory]
    [InlineData(false, "raw")]
    [InlineData(true, "raw")]
    [InlineData(false, "qcow2")]
    [InlineData(true, "qcow2")]
    [InlineData(false, "qcow2", "-c")]
    [InlineData(true, "vmdk")]
    [InlineData(false, "vmdk", "-o", "subformat=streamOptimized")]
    public void A_source_that_becomes_shorter_is_told_and_nothing_is_left(bool ignoresErrors, string format, params string[] options)
    {
        ExternalTool.Need("qemu-img");
        using var guest = new FaultGuest(format, options);
        var half = new FileInfo(guest.DataPath).Length / 2;
        var shrinking = FaultyDisk.In(guest.Guest, d => new FaultyDisk(d)
        {
            At = FaultGuest.DataLength / 2,
            Happens = () =>
            {
                using var file = new FileStream(guest.DataPath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                file.SetLength(half);
            },
        });
        var error = guest.Fail(shrinking, new ConversionOptions { IgnoreReadErrors = ignoresErrors });
        Assert.Contains(guest.DataPath, error.Message, StringComparison.Ordinal);
        Assert.Contains("of disk 2", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("-IgnoreReadErrors", error.Advice, StringComparison.Ordinal);
    }
}
