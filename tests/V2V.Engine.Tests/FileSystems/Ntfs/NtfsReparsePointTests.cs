using V2V.Engine.FileSystems.Ntfs;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

public sealed class NtfsReparsePointTests
{
    [Theory]
    [InlineData(@"\??\C:\Users", "/C:/Users")]
    [InlineData(@"\??\c:\", "/C:/")]
    [InlineData(@"\??\Volume{5A3FC1B2-0000-0000-0000-100000000000}\x", "/Volume{5a3fc1b2-0000-0000-0000-100000000000}/x")]
    [InlineData(@"\??\UNC\server\share", "/UNC/server/share")]
    [InlineData(@"..\Public", "../Public")]
    [InlineData(@"\Windows", "/Windows")]
    public void Targets(string substitute, string expected)
    {
        var name = NtfsText.Encode(substitute);
        byte[] junction = [0, 0, (byte)name.Length, (byte)(name.Length >> 8), (byte)(name.Length + 2), 0, 0, 0, .. name, 0, 0, 0, 0];
        Assert.Equal(expected, new NtfsReparsePoint(NtfsReparseTag.MountPoint, junction).ReadTarget());
        byte[] link = [.. junction[..8], 1, 0, 0, 0, .. name];
        Assert.Equal(expected, new NtfsReparsePoint(NtfsReparseTag.SymbolicLink, link).ReadTarget());
    }

    [Theory]
    [InlineData("/C:/Users/Public")]
    [InlineData("/C:")]
    [InlineData("/Volume{5a3fc1b2-0000-0000-0000-100000000000}/x")]
    [InlineData("../Users")]
    [InlineData("/Users")]
    [InlineData("/C:x")]
    [InlineData("a")]
    public void What_is_made_reads_back(string target)
    {
        var point = NtfsReparsePoint.TryParse(NtfsReparsePoint.CreateLink(target).ToBytes());
        Assert.True(point!.IsLink);
        Assert.Equal(target, point.ReadTarget());
    }

    [Fact]
    public void Names_outside_of_the_value()
    {
        Assert.Null(NtfsReparsePoint.TryParse([3, 0, 0, 0xA0, 9, 0, 0, 0]));
        Assert.Null(NtfsReparsePoint.TryParse([3, 0, 0]));
        Assert.Null(new NtfsReparsePoint(NtfsReparseTag.MountPoint, [0, 0, 4]).ReadTarget());
        Assert.Null(new NtfsReparsePoint(NtfsReparseTag.MountPoint, [0, 0, 4, 0, 0, 0, 0, 0, 1, 0]).ReadTarget());
        Assert.Null(new NtfsReparsePoint(NtfsReparseTag.SymbolicLink, [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 1, 0, 0, 0]).ReadTarget());
        Assert.Null(new NtfsReparsePoint(NtfsReparseTag.LinuxSymbolicLink, [2, 0, 0, 0]).ReadTarget());
    }
}
