using V2V.Engine.Inspection.Windows;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Windows;

public sealed class PnpInstanceTests
{
    /// <summary>The first pair is a real one, of a VMware guest; Intel's form is that of cards whose address is printed on them.</summary>
    [Theory]
    [InlineData(@"PCI\VEN_15AD&DEV_07B0&SUBSYS_07B015AD&REV_01\FF565000BB0895FE00", "00:50:56:95:08:bb")]
    [InlineData(@"PCI\VEN_15AD&DEV_07B0&SUBSYS_07B015AD&REV_01\FF290C008E0E28FE00", "00:0c:29:28:0e:8e")]
    [InlineData(@"pci\ven_8086&dev_10d3&subsys_07d015ad&rev_00\000c29ffff12345600", "00:0c:29:12:34:56")]
    [InlineData(@"PCI\VEN_8086&DEV_1533&SUBSYS_15331849&REV_03\D05099FFFEE6A9B900", "d0:50:99:e6:a9:b9")]
    [InlineData(@"PCI\VEN_15AD&DEV_07B0&SUBSYS_07B015AD&REV_01\4&2B7C36E&0&00A8", null)]
    [InlineData(@"PCI\VEN_15AD&DEV_07B0&SUBSYS_07B015AD&REV_01\010203040506070800", null)]
    [InlineData(@"USB\VID_0B95&PID_7720\FF565000BB0895FE00", null)]
    [InlineData("", null)]
    public void The_address_is_read_from_the_serial_number(string instance, string? expected) => Assert.Equal(expected, PnpInstance.MacAddress(instance));

    [Theory]
    [InlineData(@"PCI\VEN_15AD&DEV_07B0\1", true)]
    [InlineData(@"VMBUS\{f8615163-df3e-46c5-913f-f2d2f965ed0e}\{1}", true)]
    [InlineData(@"XENVIF\VEN_XP0001&DEV_NET\0", true)]
    [InlineData(@"XEN\VIF\0", true)]
    [InlineData(@"ROOT\*ISATAP\0000", false)]
    [InlineData(@"COMPOSITEBUS\MS_IMPLAT_MP\1", false)]
    [InlineData(@"USB\VID_0B95\1", false)]
    [InlineData("PCI", false)]
    public void Devices_of_the_machine_are_told_from_software(string instance, bool expected) => Assert.Equal(expected, PnpInstance.IsOnBus(instance));

    /// <summary>Slots as VMware's article has them (KB 2047927), and as Linux guests show them: ens160 is 03:00.0, ens192 0b:00.0, ens33 02:01.0.</summary>
    [Theory]
    [InlineData(33, 2, 1)]
    [InlineData(160, 3, 0)]
    [InlineData(192, 11, 0)]
    [InlineData(224, 19, 0)]
    [InlineData(256, 27, 0)]
    [InlineData(1216, 12, 0)]
    [InlineData(17, 0, 17)]
    public void VMwares_slots_are_places_on_the_bus(int slot, int bus, int device) => Assert.Equal(new PciLocation(bus, device, 0), PciLocation.OfVMwareSlot(slot));

    [Theory]
    [InlineData(64)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void Other_bridges_are_not_guessed(int slot) => Assert.Null(PciLocation.OfVMwareSlot(slot));
}
