using System.Buffers.Binary;
using V2V.Engine.Inspection;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Inspection;

public sealed class BiosBootSectorTests
{
    private static readonly byte[] Signature = [0x55, 0xAA];

    private static readonly byte[] Code = [0xFA, 0x31, 0xC0, 0x8E, 0xD8];

    [Fact]
    public void A_disk_without_code_in_its_first_sector_does_not_start()
    {
        Assert.False(CanStart(new byte[4096]));
        Assert.False(CanStart([]));
        // A partition table is no code, nor is code without the signature.
        Assert.False(CanStart(VolumeImages.With(4096, (440, [1, 2, 3, 4, 0, 0, 0x80]), (510, Signature))));
        Assert.False(CanStart(VolumeImages.With(4096, (0, Code))));
    }

    [Fact]
    public void GRUB_needs_the_rest_of_itself()
    {
        Assert.True(CanStart(Grub2(core: 1, content: 0x90)));
        Assert.False(CanStart(Grub2(core: 1, content: 0)));
        Assert.False(CanStart(Grub2(core: 100, content: 0x90)));
        Assert.False(CanStart(Grub2(core: -1, content: 0x90)));
        Assert.False(CanStart(Grub2(core: long.MaxValue, content: 0x90)));
        Assert.True(CanStart(Grub2(core: 100, content: 0x90, drive: 0x81)));

        Assert.True(CanStart(GrubLegacy(stage2: 2, content: 0x90)));
        Assert.False(CanStart(GrubLegacy(stage2: 2, content: 0)));
    }

    [Fact]
    public void Other_code_goes_on_to_the_active_partition()
    {
        var generic = VolumeImages.With(4096, (0, Code), (510, Signature));
        var bootable = VolumeImages.With(4096, (0, [0xEB, 0x3C, 0x90]), (510, Signature));
        Assert.False(CanStart(generic, MemoryVolume.Partition(0, 1, new byte[4096]) with { IsActive = true }));
        Assert.False(CanStart(generic, MemoryVolume.Partition(0, 1, bootable)));
        Assert.False(CanStart(generic, MemoryVolume.Partition(1, 1, bootable) with { IsActive = true }, MemoryVolume.Partition(0, 1)));
        Assert.True(CanStart(generic, MemoryVolume.Partition(0, 1), MemoryVolume.Partition(0, 2, bootable) with { IsActive = true }));
        // Without partitions there is nothing to go on to.
        Assert.True(CanStart(generic, MemoryVolume.Partition(0, 0) with { Kind = VolumeKind.WholeDisk, PartitionNumber = null }));
        Assert.True(CanStart(VolumeImages.With(4096, (0, [0xFA, 0xEB, 0x21, 1, 0xB4, 1]), (6, "LILO"u8.ToArray()), (510, Signature)), MemoryVolume.Partition(0, 1)));
    }

    /// <summary>Made by grub-install; its settings are what the engine's reading of them is compared with.</summary>
    [Fact]
    public void GRUBs_own_boot_sector_has_the_fields_where_they_are_read()
    {
        const string Image = "/usr/lib/grub/i386-pc/boot.img";
        Assert.SkipUnless(File.Exists(Image), $"needs {Image}");
        var sector = File.ReadAllBytes(Image);
        Signature.CopyTo(sector, 510);
        Assert.True(CanStart([.. sector, .. Enumerable.Repeat((byte)1, 512)]));
        Assert.False(CanStart([.. sector, .. new byte[512]]));
    }

    private static byte[] Grub2(long core, byte content, byte drive = 0xFF)
    {
        var sector = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(sector, core);
        return VolumeImages.With(
            8192, (0, [0xEB, 0x63, 0x90]), (0x5A, [0x00, 0x80]), (0x5C, sector), (0x64, [drive]), (0x180, "GRUB "u8.ToArray()), (510, Signature), (512, [content]));
    }

    private static byte[] GrubLegacy(byte stage2, byte content) => VolumeImages.With(
        8192, (0, [0xEB, 0x48, 0x90]), (0x3E, [3, 2, 0xFF, 0, 0, 0x80]), (0x44, [stage2, 0, 0, 0]), (0x180, "GRUB "u8.ToArray()), (510, Signature), (stage2 * 512, [content]));

    private static bool CanStart(byte[] disk, params Volume[] volumes)
    {
        if (volumes.Length == 0)
        {
            volumes = [MemoryVolume.Partition(0, 1)];
        }

        return BiosBootSector.CanStart(PhonyGuest.Disk(content: disk), 0, [.. volumes.Select(v => new GuestVolume { Volume = v })]);
    }
}
