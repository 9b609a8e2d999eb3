using V2V.Engine.Inspection.Windows;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Windows;

public sealed class MountedDeviceTests
{
    private static readonly Volume Mbr = MemoryVolume.Partition(0, 2) with { PartitionUuid = "ae2db8ae-02", StartOffset = 0x22600000 };

    private static readonly Volume Gpt = MemoryVolume.Partition(0, 3) with
    {
        Kind = VolumeKind.GptPartition,
        PartitionUuid = "0a1b2c3d-4e5f-4677-8899-aabbccddeeff",
    };

    [Fact]
    public void A_partition_of_an_MBR_is_known_by_signature_and_offset()
    {
        var device = MountedDevice.TryParse(@"\DosDevices\c:", [0xAE, 0xB8, 0x2D, 0xAE, 0, 0, 0x60, 0x22, 0, 0, 0, 0])!;

        Assert.Equal('C', device.Letter);
        Assert.True(device.Is(Mbr));
        Assert.False(device.Is(Mbr with { StartOffset = 0x100000 }));
        Assert.False(device.Is(Mbr with { PartitionUuid = "ae2db8af-02" }));
        Assert.False(device.Is(Gpt));
    }

    [Fact]
    public void A_partition_of_a_GPT_is_known_by_its_GUID()
    {
        var device = MountedDevice.TryParse(
            @"\??\Volume{4C1B02C1-d990-4f3a-8c86-f1b7c5d61e0a}", [.. "DMIO:ID:"u8, .. new Guid("0a1b2c3d-4e5f-4677-8899-aabbccddeeff").ToByteArray()])!;

        Assert.Null(device.Letter);
        Assert.Equal("4c1b02c1-d990-4f3a-8c86-f1b7c5d61e0a", device.VolumeGuid);
        Assert.True(device.Is(Gpt));
        Assert.False(device.Is(Mbr));
    }

    [Theory]
    [InlineData(@"\DosDevices\D:", @"\??\SCSI#CdRom&Ven_NECVMWar")]
    [InlineData(@"\DosDevices\A:", @"\??\FDC#GENERIC_FLOPPY_DRIVE")]
    [InlineData(@"\DosDevices\E:", "DMIO:ID:")]
    [InlineData(@"\DosDevices\F:", "")]
    public void Other_devices_have_no_volume(string name, string data) =>
        Assert.Null(MountedDevice.TryParse(name, data == "DMIO:ID:" ? "DMIO:ID:1234"u8.ToArray().AsSpan(0, 11) : System.Text.Encoding.Unicode.GetBytes(data)));

    [Theory]
    [InlineData(@"\DosDevices\CC:")]
    [InlineData(@"\DosDevices\1:")]
    [InlineData(@"\??\Volume{no-guid}")]
    [InlineData(@"#{4c1b02c1-d990-4f3a-8c86-f1b7c5d61e0a}")]
    public void Names_of_other_kinds_are_neither_letters_nor_volumes(string name)
    {
        var device = MountedDevice.TryParse(name, new byte[12])!;
        Assert.Null(device.Letter);
        Assert.Null(device.VolumeGuid);
    }

    /// <summary>The names that Windows 10 gives its "System Reserved" partition at 1 MiB and what follows at 550 MiB.</summary>
    [Theory]
    [InlineData(0x100000, "ae2db8ae-0000-0000-0000-100000000000")]
    [InlineData(0x22600000, "ae2db8ae-0000-0000-0000-602200000000")]
    public void Basic_partitions_have_names_without_the_registry(long offset, string expected) =>
        Assert.Equal(expected, MountedDevice.StableName(Mbr with { StartOffset = offset }));

    [Fact]
    public void On_a_GPT_the_partitions_GUID_is_the_name() => Assert.Equal(Gpt.PartitionUuid, MountedDevice.StableName(Gpt));
}
