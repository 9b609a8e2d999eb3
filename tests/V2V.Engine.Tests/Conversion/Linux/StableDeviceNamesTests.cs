using V2V.Engine.Conversion.Linux;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Inspection;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux;

public sealed class StableDeviceNamesTests
{
    [Fact]
    public void Fstab_gets_uuids_and_keeps_every_other_byte()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/fstab",
            "# /dev/sda1 was the root\r\n"
            + "/dev/sda1\t/   ext4\terrors=remount-ro 0 1 # the root\n"
            + "  /dev/disk/by-id/scsi-36000c29-part2  none swap  sw 0 0\n"
            + "LABEL=rootfs /mnt ext4 noauto 0 0\n"
            + "/dev/mapper/vg-home /home ext4 defaults 0 2\n"
            + "/dev/sr0        /media/cdrom0   udf,iso9660 user,noauto     0       0\n"
            + "/dev/hdc /media/cdrom1 iso9660 ro,noauto 0 0\n"
            + "tmpfs /tmp tmpfs size=1G 0 0\n"
            + "/swapfile none swap sw 0 0");

        var context = phony.Run(new StableDeviceNames());

        Assert.Equal(
            "# /dev/sda1 was the root\r\n"
            + $"UUID={PhonyGuest.RootUuid}\t/   ext4\terrors=remount-ro 0 1 # the root\n"
            + $"  UUID={PhonyGuest.SwapUuid}  none swap  sw 0 0\n"
            + "LABEL=rootfs /mnt ext4 noauto 0 0\n"
            + "/dev/mapper/vg-home /home ext4 defaults 0 2\n"
            + "/dev/sr0        /media/cdrom0   udf,iso9660 user,noauto     0       0\n"
            + "/dev/hdc /media/cdrom1 iso9660 ro,noauto 0 0\n"
            + "tmpfs /tmp tmpfs size=1G 0 0\n"
            + "/swapfile none swap sw 0 0",
            phony.Root.Text("/etc/fstab"));
        Assert.Empty(context.Concerns);
        var change = Assert.Single(context.Changes);
        Assert.Contains("/dev/sda1", change.What);
        Assert.Contains(PhonyGuest.SwapUuid, change.What);
    }

    [Fact]
    [Shows("UnknownDevice")]
    public void A_device_that_is_not_there_is_left_and_reported()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/fstab", $"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\n/dev/sdb1 /data ext4 defaults 0 2\n");

        var context = phony.Run(new StableDeviceNames());

        Assert.Empty(context.Changes);
        var concern = Assert.Single(context.Concerns);
        Assert.Equal((ConcernSeverity.Warning, "UnknownDevice"), (concern.Severity, concern.Id));
        Assert.Contains("/etc/fstab names /dev/sdb1", concern.Message);
    }

    [Fact]
    public void A_volume_that_does_not_hold_what_fstab_says_is_not_taken_for_it()
    {
        // The order of disks on mixed controllers is a guess; the contents have to confirm it.
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/fstab", $"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\n/dev/sda1 none swap sw 0 0\n");

        var context = phony.Run(new StableDeviceNames());

        Assert.Empty(context.Changes);
        Assert.Contains("holds ext4, not swap", Assert.Single(context.Concerns).Message);
    }

    [Fact]
    public void Two_volumes_with_one_uuid_are_told_apart_by_their_partitions()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Add(MemoryVolume.Partition(0, 3, VolumeImages.Swap(PhonyGuest.SwapUuid)));

        phony.Run(new StableDeviceNames());

        Assert.Contains("\nPARTUUID=5ad1c0d0-02 none swap sw 0 0\n", phony.Root.Text("/etc/fstab"));
    }

    [Fact]
    public void Crypttab_names_luks_by_uuid_and_swap_with_a_random_key_by_its_partition()
    {
        using var phony = PhonyGuest.Debian12();
        var luks = VolumeImages.With(8192, (0, [0x4C, 0x55, 0x4B, 0x53, 0xBA, 0xBE, 0, 2]), (168, "cafecafe-1234-4321-aaaa-bbbbbbbbbbbb"u8.ToArray()));
        phony.Add(MemoryVolume.Partition(0, 3, luks));
        phony.Root.With("/etc/crypttab",
            "# <target> <source> <key>\ndata  /dev/sda3  none  luks\ncswap /dev/sda2 /dev/urandom swap,cipher=aes-xts-plain64\nsafe UUID=feed none luks\n");

        phony.Run(new StableDeviceNames());

        Assert.Equal(
            "# <target> <source> <key>\ndata  UUID=cafecafe-1234-4321-aaaa-bbbbbbbbbbbb  none  luks\ncswap PARTUUID=5ad1c0d0-02 /dev/urandom swap,cipher=aes-xts-plain64\nsafe UUID=feed none luks\n",
            phony.Root.Text("/etc/crypttab"));
    }

    [Fact]
    public void The_resume_device_and_units_are_named_by_uuid()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/initramfs-tools/conf.d/resume", "RESUME=/dev/sda2\n")
            .With("/etc/initramfs-tools/conf.d/driver-policy", "MODULES=most\n")
            .With("/etc/systemd/system/srv-data.mount", "[Mount]\nWhat=/dev/disk/by-path/pci-0000:00:10.0-scsi-0:0:0:0-part1\nWhere=/srv/data\n")
            .With("/etc/systemd/system/mnt-nfs.mount", "[Mount]\nWhat=server:/x\n");

        phony.Run(new StableDeviceNames());

        Assert.Equal($"RESUME=UUID={PhonyGuest.SwapUuid}\n", phony.Root.Text("/etc/initramfs-tools/conf.d/resume"));
        Assert.Equal($"[Mount]\nWhat=/dev/disk/by-uuid/{PhonyGuest.RootUuid}\nWhere=/srv/data\n", phony.Root.Text("/etc/systemd/system/srv-data.mount"));
        Assert.Equal("[Mount]\nWhat=server:/x\n", phony.Root.Text("/etc/systemd/system/mnt-nfs.mount"));
    }

    [Fact]
    public void Lenny_has_no_partition_uuids_so_a_device_without_uuid_is_reported()
    {
        using var phony = PhonyGuest.Debian5();
        phony.Volumes[1] = MemoryVolume.Partition(0, 2);
        phony.Root.With("/etc/crypttab", "cswap /dev/sda2 /dev/urandom swap\n").With("/etc/fstab", "/dev/sda1 / ext3 defaults 0 1\n");

        var context = phony.Run(new StableDeviceNames());

        Assert.Equal("cswap /dev/sda2 /dev/urandom swap\n", phony.Root.Text("/etc/crypttab"));
        Assert.Equal($"UUID={PhonyGuest.RootUuid} / ext3 defaults 0 1\n", phony.Root.Text("/etc/fstab"));
        Assert.Single(context.Concerns);
    }

    [Fact]
    public void Swap_units_are_called_after_their_new_devices()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/systemd/system/dev-sda2.swap", "[Unit]\nDescription=more\n[Swap]\nWhat=/dev/sda2\nPriority=1\n")
            .WithLink("/etc/systemd/system/swap.target.wants/dev-sda2.swap", "/etc/systemd/system/dev-sda2.swap")
            .With("/etc/systemd/system/misnamed.swap", "[Swap]\nWhat=/dev/sda2\n");

        var context = phony.Run(new StableDeviceNames());

        // What systemd-escape --path --suffix=swap makes of the link.
        var unit = $@"dev-disk-by\x2duuid-{PhonyGuest.SwapUuid.Replace("-", @"\x2d", StringComparison.Ordinal)}.swap";
        Assert.Equal($"[Unit]\nDescription=more\n[Swap]\nWhat=/dev/disk/by-uuid/{PhonyGuest.SwapUuid}\nPriority=1\n", phony.Root.Text($"/etc/systemd/system/{unit}"));
        Assert.Equal($"/etc/systemd/system/{unit}", phony.Root.ReadLink($"/etc/systemd/system/swap.target.wants/{unit}"));
        Assert.Null(phony.Root.Find("/etc/systemd/system/dev-sda2.swap"));
        Assert.DoesNotContain(phony.Root.Enumerate("/etc/systemd/system/swap.target.wants"), f => f.Name == "dev-sda2.swap");

        // systemd does not load a unit that is not called after its device, so nothing needs it.
        Assert.Equal("[Swap]\nWhat=/dev/sda2\n", phony.Root.Text("/etc/systemd/system/misnamed.swap"));
        Assert.Empty(context.Concerns);
    }

    [Theory]
    [InlineData("/dev/mapper/mpatha2")]
    [InlineData("/dev/mapper/mpathap2")]
    [InlineData("/dev/mapper/mpatha-part2")]
    [InlineData("/dev/mapper/36000c29a1b2c3d4e5f60718293a4b5c6-part2")]
    [InlineData("/dev/disk/by-id/dm-name-mpatha2")]
    [InlineData("/dev/disk/by-id/dm-uuid-part2-mpath-36000c29a1b2c3d4e5f60718293a4b5c6")]
    [InlineData("/dev/disk/by-id/wwn-0x6000c29a1b2c3d4e-part2")]
    [InlineData("/dev/disk/by-id/ata-VBOX_HARDDISK_VB01234567-89abcdef-part2")]
    [InlineData("/dev/disk/by-path/pci-0000:00:07.1-ata-1-part2")]
    [InlineData("/dev/nvme0n1p2")]
    public void Every_name_that_comes_from_the_hardware_is_replaced(string name)
    {
        using var phony = PhonyGuest.Debian12();
        phony.Source = phony.Source with { Disks = [PhonyGuest.Disk(name.Contains("nvme", StringComparison.Ordinal) ? V2V.Engine.Sources.DiskController.Nvme : V2V.Engine.Sources.DiskController.Scsi)] };
        phony.Root.With("/etc/fstab", $"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\n{name} none swap sw 0 0\n");

        phony.Run(new StableDeviceNames());

        Assert.Contains($"\nUUID={PhonyGuest.SwapUuid} none swap", phony.Root.Text("/etc/fstab"));
    }

    [Theory]
    [InlineData("/dev/mapper/vg0-swap")]
    [InlineData("/dev/vg0/swap")]
    [InlineData("/dev/disk/by-id/dm-name-vg0-swap")]
    [InlineData("/dev/disk/by-partuuid/5ad1c0d0-02")]
    [InlineData("PARTUUID=5ad1c0d0-02")]
    [InlineData("/dev/md0")]
    public void Every_name_that_comes_from_the_contents_stays(string name)
    {
        using var phony = PhonyGuest.Debian12();
        var fstab = $"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\n{name} none swap sw 0 0\n";
        phony.Root.With("/etc/fstab", fstab);

        var context = phony.Run(new StableDeviceNames());

        Assert.Equal(fstab, phony.Root.Text("/etc/fstab"));
        Assert.Empty(context.Concerns);
    }
}
