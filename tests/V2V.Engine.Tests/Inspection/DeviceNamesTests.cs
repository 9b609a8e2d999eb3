using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Inspection;

public sealed class DeviceNamesTests
{
    private static readonly GuestVolume[] Volumes =
    [
        new() { Volume = MemoryVolume.Partition(0, 1, partitionUuid: "aabbccdd-01"), Uuid = "1111", Label = "my root" },
        new() { Volume = MemoryVolume.Partition(0, 5), Uuid = "5555" },
        new() { Volume = MemoryVolume.Partition(1, 1), Uuid = "2111" },
        new() { Volume = MemoryVolume.Partition(2, 2) with { PartitionLabel = "data" }, Uuid = "TWIN" },
        new() { Volume = MemoryVolume.Partition(2, 3), Uuid = "TWIN" },
        new() { Volume = MemoryVolume.Partition(3, 0) with { Kind = VolumeKind.WholeDisk, PartitionNumber = null } },
        new() { Volume = Logical("vg-0", "root", "zUUIDa-1111-1111-1111-1111-1111-111111") },
        new() { Volume = Logical("vg-0", "my-data", "zUUIDb-1111-1111-1111-1111-1111-111111") },
        new() { Volume = MemoryVolume.Partition(0, 6), ContentKind = "LVM2_member", Uuid = "Nmjl5G-u1UI-GN7W-HlDg-vUOb-L5lb-8yKxNo" },
    ];

    private static Volume Logical(string group, string name, string uuid) => new()
    {
        Kind = VolumeKind.LogicalVolume,
        Device = MemoryVolume.Partition(0, 0).Device,
        DiskIndex = 0,
        VolumeGroup = group,
        VolumeGroupUuid = "VGid01-2222-2222-2222-2222-2222-222222",
        LogicalVolume = name,
        LogicalVolumeUuid = uuid,
    };

    private static readonly SourceDisk[] Disks =
        [PhonyGuest.Disk(), PhonyGuest.Disk(DiskController.Nvme), PhonyGuest.Disk(DiskController.Sata), PhonyGuest.Disk(DiskController.Nvme)];

    [Theory]
    [InlineData("/dev/sda1", 0)]
    [InlineData("/dev/sda5", 1)]
    [InlineData("/dev/sda2", null)]
    [InlineData("/dev/nvme0n1p1", 2)]
    [InlineData("/dev/sdb2", 3)]
    [InlineData("/dev/nvme1n1", 5)]
    [InlineData("/dev/nvme0n2", 5)]
    [InlineData("/dev/xvda1", 0)]
    [InlineData("/dev/cciss/c0d0p5", 1)]
    [InlineData("/dev/sdz1", null)]
    [InlineData("/dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:0:0-part1", null)]
    public void Names_of_the_hardware_are_unstable_and_lead_to_a_volume(string name, int? volume)
    {
        var found = new DeviceNames(Volumes, Disks).Resolve(name);

        Assert.Equal(DeviceNameKind.Unstable, found.Kind);
        Assert.Same(volume is { } i ? Volumes[i] : null, found.Volume);
    }

    [Theory]
    [InlineData("/dev/xvda1", 0)] // the disk that Xen calls xvda1
    [InlineData("/dev/sda1", 0)] // as older kernels call it
    [InlineData("/dev/xvda2", 1)]
    [InlineData("/dev/xvda3", null)]
    [InlineData("/dev/xvdb1", 2)] // a partition of the disk that Xen calls sdb
    [InlineData("/dev/sdb1", 2)]
    [InlineData("/dev/xvdf1", 2)] // which RHEL 6 calls xvdf
    public void Xens_configuration_says_how_its_guests_call_their_disks(string name, int? volume)
    {
        GuestVolume[] volumes =
        [
            new() { Volume = MemoryVolume.Partition(0, 0) with { Kind = VolumeKind.WholeDisk, PartitionNumber = null } },
            new() { Volume = MemoryVolume.Partition(1, 0) with { Kind = VolumeKind.WholeDisk, PartitionNumber = null } },
            new() { Volume = MemoryVolume.Partition(2, 1) },
        ];
        SourceDisk[] disks =
        [
            .. ((string[])["xvda1", "xvda2", "sdb"]).Select(n => PhonyGuest.Disk(DiskController.Xen) with { GuestName = n }),
        ];

        var found = new DeviceNames(volumes, disks).Resolve(name);

        Assert.Equal(DeviceNameKind.Unstable, found.Kind);
        Assert.Same(volume is { } i ? volumes[i] : null, found.Volume);
    }

    [Theory]
    [InlineData("UUID=1111", 0)]
    [InlineData("uuid=1111", 0)]
    [InlineData("LABEL=my root", 0)]
    [InlineData("PARTUUID=AABBCCDD-01", 0)]
    [InlineData("PARTLABEL=data", 3)]
    [InlineData("/dev/disk/by-uuid/2111", 2)]
    [InlineData(@"/dev/disk/by-label/my\x20root", 0)]
    [InlineData("/dev/mapper/vg--0-root", 6)]
    [InlineData("/dev/vg-0/root", 6)]
    [InlineData("/dev/disk/by-id/dm-name-vg--0-root", 6)]
    [InlineData("/dev/mapper/vg--0-my--data", 7)]
    [InlineData("/dev/vg-0/my-data", 7)]
    [InlineData("/dev/disk/by-id/dm-uuid-LVM-VGid0122222222222222222222222222zUUIDb11111111111111111111111111", 7)]
    [InlineData("/dev/disk/by-id/dm-uuid-LVM-VGid0122222222222222222222222222zUUIDc11111111111111111111111111", null)]
    [InlineData("/dev/disk/by-id/lvm-pv-uuid-Nmjl5G-u1UI-GN7W-HlDg-vUOb-L5lb-8yKxNo", 8)]
    [InlineData("/dev/mapper/vg-0-my-data", null)]
    [InlineData("/dev/mapper/vg--0-home", null)]
    [InlineData("/dev/dm-1", null)]
    [InlineData("UUID=TWIN", null)]
    [InlineData("/dev/md0", null)]
    [InlineData("/dev/mapper/cryptswap1", null)]
    [InlineData("/dev/disk/by-id/md-uuid-1:2:3:4", null)]
    public void Names_of_the_contents_are_stable(string name, int? volume)
    {
        var found = new DeviceNames(Volumes, Disks).Resolve(name);

        Assert.Equal(DeviceNameKind.Stable, found.Kind);
        Assert.Same(volume is { } i ? Volumes[i] : null, found.Volume);
    }

    [Theory]
    [InlineData("tmpfs")]
    [InlineData("/dev/sr0")]
    [InlineData("/dev/cdrom")]
    [InlineData("/dev/fd0")]
    [InlineData("server:/export")]
    [InlineData("//server/share=x")]
    [InlineData("/swapfile")]
    [InlineData("")]
    public void What_is_no_disk_is_left(string name) => Assert.Equal(DeviceNameKind.NotADisk, new DeviceNames(Volumes, Disks).Resolve(name).Kind);

    [Theory]
    [InlineData("/dev/disk/by-id/scsi-36000c29abcdef-part2", null, 3)]
    [InlineData("/dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:2:0-part1", "swap", 2)]
    [InlineData("/dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:0:0-part1", "ext3", 0)]
    [InlineData("/dev/mapper/mpathb-part1", "swap", 2)]
    [InlineData("/dev/disk/by-id/wwn-0x6000c29abcdef-part1", "auto", null)]
    [InlineData("/dev/disk/by-id/wwn-0x6000c29abcdef-part1", "xfs", null)]
    [InlineData("/dev/disk/by-id/wwn-0x6000c29abcdef-part7", "swap", null)]
    public void With_several_disks_an_id_is_known_by_its_partitions_number_and_content(string name, string? kind, int? volume)
    {
        GuestVolume[] volumes = [.. Volumes.Select((v, i) => v with { ContentKind = v.ContentKind ?? (i == 2 ? "swap" : "ext4") })];

        var found = new DeviceNames(volumes, Disks).Resolve(name, kind);

        Assert.Equal(DeviceNameKind.Unstable, found.Kind);
        Assert.Same(volume is { } i ? volumes[i] : null, found.Volume);
    }

    [Fact]
    public void A_disk_id_is_known_when_there_is_one_disk_only()
    {
        var names = new DeviceNames(Volumes[..2], Disks[..1]);

        Assert.Same(Volumes[1], names.Resolve("/dev/disk/by-id/scsi-36000c29abcdef-part5").Volume);
        Assert.Equal(0, names.Resolve("/dev/disk/by-id/wwn-0x6000c29abcdef").DiskIndex);
    }
}
