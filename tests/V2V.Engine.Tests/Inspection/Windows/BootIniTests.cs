using V2V.Engine.Inspection.Windows;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Windows;

public sealed class BootIniTests
{
    [Fact]
    public void Systems_consoles_and_other_boot_sectors_are_told_apart()
    {
        var entries = BootIni.Parse(
            "[boot loader]\r\ntimeout=30\r\ndefault=multi(0)disk(0)rdisk(0)partition(1)\\WINDOWS\r\n[Operating Systems]\r\n"
            + "multi(0)disk(0)rdisk(0)partition(2)\\WINNT.SBS=\"Small Business Server\" /fastdetect /pae\r\n"
            + "scsi(0)disk(1)rdisk(0)partition(1)\\WINDOWS=Windows without quotes /sos\r\n"
            + "; a comment=1\r\n"
            + "C:\\=\"MS-DOS\"\r\nC:\\CMDCONS\\BOOTSECT.DAT=\"Recovery Console\" /cmdcons\r\n[other]\r\nmulti(0)\\X=\"no\"\r\n");

        Assert.Equal(
            [
                new BootIniEntry("multi(0)disk(0)rdisk(0)partition(2)", "/WINNT.SBS", "Small Business Server", "/fastdetect /pae"),
                new BootIniEntry("scsi(0)disk(1)rdisk(0)partition(1)", "/WINDOWS", "Windows without quotes", "/sos"),
                new BootIniEntry("C:\\", null, "MS-DOS", ""),
                new BootIniEntry("C:\\CMDCONS\\BOOTSECT.DAT", null, "Recovery Console", "/cmdcons"),
            ],
            entries);
    }

    [Fact]
    public void A_file_of_nonsense_has_no_entries_and_a_long_one_few()
    {
        Assert.Empty(BootIni.Parse("\0\0[[[operating systems\n=\n"));
        Assert.True(BootIni.Parse("[operating systems]\n" + string.Concat(Enumerable.Repeat("C:\\=\"x\"\n", 100_000))).Count < 100);
    }
}
