using V2V.Engine.Targets;
using V2V.Engine.Targets.Nowhere;
using Xunit;

namespace V2V.Engine.Tests.Targets;

public sealed class NowhereTargetTests
{
    [Fact]
    [Shows("NothingKept")]
    public void What_is_written_is_counted_and_the_domain_told()
    {
        using var target = new NowhereTarget();
        Assert.Empty(target.Check(new TargetRequest("web", [])));
        var disk = target.CreateDisk(new TargetDiskRequest("web-sda.qcow2", ImageFormat.Qcow2, 1 << 20, 0));
        disk.Writer.Write(65536, new byte[65536]);
        Assert.Throws<ArgumentOutOfRangeException>(() => disk.Writer.Write((1 << 20) - 1, new byte[2]));
        disk.Writer.Complete();

        var defined = target.Define(SampleDomain.Create() with { Disks = [disk.Source] });

        Assert.Equal(65536, disk.Writer.BytesWritten);
        Assert.Contains("65536 bytes", Assert.Single(defined.Concerns, c => c.Id == "NothingKept").Message, StringComparison.Ordinal);
        Assert.Null(defined.XmlPath);
        Assert.Empty(defined.Descriptions);
        Assert.Contains("/dev/null", defined.Xml, StringComparison.Ordinal);
        Assert.Empty(target.RollBack());
    }
}
