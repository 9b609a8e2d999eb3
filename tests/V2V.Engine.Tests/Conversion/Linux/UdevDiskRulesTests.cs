using V2V.Engine.Conversion.Linux;
using V2V.Engine.Tests.Inspection;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux;

public sealed class UdevDiskRulesTests
{
    [Theory]
    [InlineData("KERNEL==\"sd?1\", SUBSYSTEM==\"block\", PROGRAM==\"/sbin/scsi_id -g -u /dev/$parent\", RESULT==\"36000c29\", SYMLINK+=\"oracleasm/disk1\"", true)]
    [InlineData("ACTION==\"add\", ENV{ID_SERIAL}==\"36000c29\", SYMLINK+=\"data\"", true)]
    [InlineData("KERNEL==\"xvdb\", OWNER=\"oracle\"", true)]
    [InlineData("# KERNEL==\"sdb\", OWNER=\"oracle\"", false)]
    [InlineData("SUBSYSTEM==\"net\", ACTION==\"add\", ATTR{address}==\"00:11\", NAME=\"eth0\"", false)]
    [InlineData("SUBSYSTEM==\"block\", ENV{ID_CDROM}==\"?*\", ENV{ID_PATH}==\"pci-0000\", SYMLINK+=\"cdrom\"", false)]
    [InlineData("SUBSYSTEM==\"block\", ENV{ID_FS_UUID}==\"1234\", SYMLINK+=\"data\"", false)]
    [Shows("UdevRuleNamesDisk")]
    public void Rules_of_disks_are_reported(string rule, bool isOfDisk)
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/udev/rules.d/99-own.rules", $"# own\n{rule}\n");

        var concerns = phony.Run(new UdevDiskRules()).Concerns;

        Assert.Equal(isOfDisk ? ["UdevRuleNamesDisk"] : [], concerns.Select(c => c.Id));
    }
}
