using V2V.Engine.Conversion.Linux;
using V2V.Engine.Tests.Inspection;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux;

public sealed class MdadmDevicesTests
{
    [Theory]
    [InlineData("DEVICE /dev/sda* /dev/sdb*", "DEVICE partitions containers")]
    [InlineData("dev /dev/disk/by-id/ata-*", "dev partitions containers")]
    [InlineData("DEVICE partitions", "DEVICE partitions")]
    [InlineData("DEVICE /dev/mapper/*", "DEVICE /dev/mapper/*")]
    [InlineData("# DEVICE /dev/sda1", "# DEVICE /dev/sda1")]
    [InlineData("ARRAY /dev/md0 UUID=1:2:3:4 devices=/dev/sda1,/dev/sdb1", "ARRAY /dev/md0 UUID=1:2:3:4")]
    [InlineData("ARRAY /dev/md0 devices=/dev/sda1,/dev/sdb1", "ARRAY /dev/md0 devices=/dev/sda1,/dev/sdb1")]
    [InlineData("MAILADDR root", "MAILADDR root")]
    public void Members_are_looked_for_everywhere(string before, string after)
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/mdadm/mdadm.conf", $"# one\n{before}\nCREATE owner=root\n");

        phony.Run(new MdadmDevices());

        Assert.Equal($"# one\n{after}\nCREATE owner=root\n", phony.Root.Text("/etc/mdadm/mdadm.conf"));
    }
}
