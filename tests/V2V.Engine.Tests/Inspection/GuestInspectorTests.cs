using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Inspection;

public sealed class GuestInspectorTests
{
    [Fact]
    public void Debian_12_is_recognised_with_its_point_release()
    {
        using var phony = PhonyGuest.Debian12();

        var guest = phony.Inspect();

        var system = guest.OperatingSystem;
        Assert.Equal(("debian", "12.5", 12, 5), (system.Distribution, system.Version, system.MajorVersion, system.MinorVersion));
        Assert.Equal("Debian GNU/Linux 12 (bookworm)", system.ProductName);
        Assert.Equal("x86_64", system.Architecture);
        Assert.Equal("phony", system.HostName);
        Assert.Equal("http://debian.org/debian/12", system.LibosinfoId);
        Assert.Equal("deb", system.PackageFormat);
        Assert.Equal((BootLoaderKind.Grub2, "/boot/grub/grub.cfg"), (guest.BootLoader.Kind, guest.BootLoader.ConfigurationPath));
        Assert.Equal(Firmware.Bios, guest.Firmware);
        Assert.True(guest.HasPackage("open-vm-tools"));
        var kernel = Assert.Single(guest.Kernels);
        Assert.True(kernel.IsDefault);
        Assert.Equal("/boot/initrd.img-6.1.0-18-amd64", kernel.InitramfsPath);
        Assert.True(kernel.Supports("virtio_rng"));
        Assert.False(kernel.Supports("pvpanic"));
        Assert.Equal(["/", null], guest.Volumes.Select(v => v.MountPoint));
        Assert.Equal(("swap", PhonyGuest.SwapUuid, "swap1"), (guest.Volumes[1].ContentKind, guest.Volumes[1].Uuid, guest.Volumes[1].Label));
        Assert.Empty(guest.Concerns);
    }

    [Fact]
    public void Debian_5_is_recognised_without_os_release()
    {
        using var phony = PhonyGuest.Debian5();

        var guest = phony.Inspect();

        Assert.Equal("Debian GNU/Linux 5.0.1 (lenny)", guest.OperatingSystem.ProductName);
        Assert.Equal("i686", guest.OperatingSystem.Architecture);
        Assert.Equal("http://debian.org/debian/5", guest.OperatingSystem.LibosinfoId);
        Assert.Equal(BootLoaderKind.GrubLegacy, guest.BootLoader.Kind);
    }

    [Theory]
    [InlineData("16.04", "http://ubuntu.com/ubuntu/16.04")]
    [InlineData("22.04", "http://ubuntu.com/ubuntu/22.04")]
    public void Ubuntu_is_recognised(string version, string id)
    {
        using var phony = version == "16.04" ? PhonyGuest.Ubuntu1604() : PhonyGuest.Ubuntu2204();

        var system = phony.Inspect().OperatingSystem;

        Assert.Equal(("ubuntu", version, id), (system.Distribution, system.Version, system.LibosinfoId));
    }

    [Fact]
    public void The_default_kernel_is_the_one_that_grub_boots_not_the_newest()
    {
        using var phony = PhonyGuest.Debian12().WithKernel("6.1.0-9-amd64").WithKernel("6.7.0-1-amd64");
        phony.Root.With("/lib/modules/5.10.0-removed/modules.dep", "");

        var kernels = phony.Inspect().Kernels;

        Assert.Equal(["6.7.0-1-amd64", "6.1.0-18-amd64", "6.1.0-9-amd64"], kernels.Select(k => k.Version));
        Assert.Equal("6.1.0-18-amd64", Assert.Single(kernels, k => k.IsDefault).Version);
    }

    [Fact]
    public void A_separate_boot_partition_is_mounted_and_its_paths_are_found()
    {
        using var phony = PhonyGuest.Create();
        var boot = new MemoryFileSystem("ext2", "b007b007-0000-0000-0000-000000000001", "BOOT")
            .With("/vmlinuz-6.1", "k").With("/initrd.img-6.1", "i")
            .With("/grub/grub.cfg", "menuentry 'x' {\n linux /vmlinuz-6.1 root=/dev/mapper/vg-root ro\n initrd /initrd.img-6.1\n}\n");
        phony.Add(MemoryVolume.Partition(0, 3), boot);
        phony.Root
            .With("/etc/fstab", $"LABEL=rootfs / ext4 defaults 0 1\nLABEL=\"BOOT\"\t/boot/ ext2 noauto 0 0\n")
            .With("/lib/modules/6.1/modules.dep", "kernel/virtio_blk.ko.xz: kernel/virtio.ko.xz\n").With("/lib/modules/6.1/kernel/virtio_blk.ko.xz", "x")
            .With("/lib/modules/6.1/modules.builtin", "kernel/drivers/virtio/virtio_pci.ko\n");

        var guest = phony.Inspect();

        var kernel = Assert.Single(guest.Kernels);
        Assert.Equal(("/boot/vmlinuz-6.1", "/boot/initrd.img-6.1", true), (kernel.ImagePath, kernel.InitramfsPath, kernel.IsDefault));
        Assert.True(kernel.Supports("virtio_blk") && kernel.Supports("virtio_pci"));
        Assert.Equal("/boot", guest.Volumes[2].MountPoint);
        Assert.Equal("/boot/grub/grub.cfg", guest.BootLoader.ConfigurationPath);
    }

    [Fact]
    public void A_module_that_depmod_lists_but_is_not_there_is_not_counted_on()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.Delete("/lib/modules/6.1.0-18-amd64/kernel/drivers/block/virtio_blk.ko");

        Assert.False(phony.Inspect().Kernels[0].Supports("virtio_blk"));
    }

    [Fact]
    public void Modules_are_listed_where_depmods_list_is_missing()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.Delete("/lib/modules/6.1.0-18-amd64/modules.dep");

        Assert.True(phony.Inspect().Kernels[0].Supports("virtio_blk"));
    }

    [Fact]
    public void Several_systems_are_named()
    {
        using var phony = TwoSystems();

        var e = Assert.Throws<ConversionException>(() => phony.Inspect());

        Assert.Equal(V2VError.SeveralOperatingSystems, e.Error);
        Assert.Equal(
            "The guest has several operating systems: "
            + $"1: phony, Debian GNU/Linux 12 (bookworm), on disk 1, partition 1 (UUID={PhonyGuest.RootUuid}); 2: Debian GNU/Linux 5.0.1 (lenny), on disk 1, partition 3 (UUID=beef).",
            e.Message);
        Assert.Contains("-Root", e.Advice);
    }

    [Theory]
    [InlineData("first", 12)]
    [InlineData("1", 12)]
    [InlineData("2", 5)]
    [InlineData("disk 1, partition 3", 5)]
    [InlineData("Disk 1, Partition 1", 12)]
    [InlineData("/dev/sda3", 5)]
    [InlineData("UUID=BEEF", 5)]
    [InlineData("LABEL=old", 5)]
    [InlineData("LABEL=rootfs", 12)]
    [Shows("OtherOperatingSystem")]
    public void One_of_several_systems_is_chosen(string root, int major)
    {
        using var phony = TwoSystems();

        var guest = phony.Inspect(root);

        Assert.Equal(major, guest.OperatingSystem.MajorVersion);
        Assert.Equal("OtherOperatingSystem", Assert.Single(guest.Concerns, c => c.Severity == ConcernSeverity.Warning).Id);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("3")]
    [InlineData("/dev/sdz1")]
    [InlineData("UUID=dead")]
    [InlineData("anything")]
    public void A_system_that_is_not_there_is_told_with_those_that_are(string root)
    {
        using var several = TwoSystems();
        using var one = PhonyGuest.Debian12();

        var e = Assert.Throws<ConversionException>(() => several.Inspect(root));

        Assert.Equal(V2VError.SeveralOperatingSystems, e.Error);
        Assert.StartsWith($"The guest has no operating system on {root}. There is 1: phony, Debian", e.Message);
        Assert.Equal(V2VError.NoOperatingSystem, Assert.Throws<ConversionException>(() => one.Inspect(root)).Error);
        Assert.Equal(12, one.Inspect("1").OperatingSystem.MajorVersion);
    }

    [Fact]
    public void An_old_system_can_be_chosen_although_the_new_one_mounts_it()
    {
        using var phony = TwoSystems();
        phony.Root.With("/etc/fstab", $"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\nUUID=beef /mnt/old ext4 defaults 0 0\n");

        Assert.Equal(12, phony.Inspect().OperatingSystem.MajorVersion);
        Assert.Equal(5, phony.Inspect("LABEL=old").OperatingSystem.MajorVersion);
    }

    private static PhonyGuest TwoSystems()
    {
        var phony = PhonyGuest.Debian12();
        return phony.Add(MemoryVolume.Partition(0, 3), new MemoryFileSystem("ext4", "beef", "old").With("/etc/hosts", "").WithDirectory("/bin").With("/etc/debian_version", "5.0.1"));
    }

    [Fact]
    public void An_old_system_that_the_new_one_mounts_is_no_second_system()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Add(MemoryVolume.Partition(0, 3), new MemoryFileSystem("ext4", "feed").With("/etc/hosts", "").WithDirectory("/bin"));
        phony.Root.With("/etc/fstab", $"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\nUUID=FEED /mnt/old ext4 defaults 0 0\n");

        Assert.Equal(["/", null, "/mnt/old"], phony.Inspect().Volumes.Select(v => v.MountPoint));
    }

    [Fact]
    public void A_guest_whose_root_cannot_be_opened_is_refused_by_the_name_of_what_holds_it()
    {
        using var phony = new PhonyGuest();
        var boot = new MemoryFileSystem().With("/grub/grub.cfg", "menuentry 'x' {\n linux /vmlinuz-6.1 root=/dev/mapper/vg0-root ro\n}\n");
        phony.Add(MemoryVolume.Partition(0, 1), boot)
            .Add(MemoryVolume.Partition(0, 2, VolumeImages.With(8192, (0, [0x4C, 0x55, 0x4B, 0x53, 0xBA, 0xBE, 0, 2]))))
            .Add(MemoryVolume.Partition(0, 3, VolumeImages.With(8192, (0, "XFSB"u8.ToArray()))));

        var e = Assert.Throws<ConversionException>(() => phony.Inspect());

        Assert.Equal(V2VError.NoOperatingSystem, e.Error);
        Assert.Contains("The root file system may be on XFS or LUKS, which V2V cannot convert yet.", e.Message);
        Assert.Contains("disk 1, partition 3 holds xfs", e.Message);
        Assert.Contains("whose root is /dev/mapper/vg0-root", e.Message);
        Assert.NotNull(e.Advice);
    }

    [Fact]
    [Shows("MountDeviceMissing")]
    public void A_logical_volume_that_cannot_be_opened_is_refused_when_the_guest_needs_it()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Add(Thin("usr")).Add(Thin("data")).Add(Thin("unused"));
        phony.Root.With("/etc/fstab", $"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\n/dev/vg0/usr /usr xfs defaults 0 0\n/dev/mapper/vg0-data /srv xfs defaults 0 0\nUUID=abc /opt xfs defaults 0 0\n");

        var concerns = phony.Inspect().Concerns;

        var blocker = Assert.Single(concerns, c => c.Severity == ConcernSeverity.Critical);
        Assert.Equal("/usr is needed, but vg0/usr is a thin volume.", blocker.Message);
        Assert.Equal("Copy it.", blocker.Advice);
        Assert.Contains(concerns, c => c.Severity == ConcernSeverity.Information && c.Message.Contains("/srv is copied as it is: vg0/data is a thin volume", StringComparison.Ordinal));

        // It may be what has the UUID that is looked for.
        Assert.Equal(ConcernSeverity.Information, Assert.Single(concerns, c => c.Id == "MountDeviceMissing").Severity);
        Assert.DoesNotContain(concerns, c => c.Message.Contains("unused", StringComparison.Ordinal));
    }

    [Fact]
    public void A_root_on_a_logical_volume_that_cannot_be_opened_is_told_as_such()
    {
        using var phony = new PhonyGuest();
        phony.Add(Thin("root"));

        var e = Assert.Throws<ConversionException>(() => phony.Inspect());

        Assert.Equal((V2VError.VolumeUnsupported, "LVM2", "Copy it."), (e.Error, e.Format, e.Advice));
        Assert.Contains("No operating system was found on the guest's disks: vg0/root is a thin volume.", e.Message);
    }

    [Theory]
    [InlineData("/dev/vg0/home", true)]
    [InlineData("/dev/mapper/vg0-home", true)]
    [InlineData("/dev/gone/home", true)]
    [InlineData("/dev/vg0/usr", false)]
    [InlineData("/dev/mapper/gone-home", false)]
    [InlineData("/dev/mapper/secret", false)]
    [InlineData("/dev/md/data", false)]
    public void A_logical_volume_that_is_on_no_disk_is_reported(string device, bool isReported)
    {
        using var phony = PhonyGuest.Debian12();
        phony.Add(Thin("usr"));
        phony.Root.With("/etc/fstab", $"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\n{device} /srv ext4 defaults 0 2\n");

        Assert.Equal(isReported, phony.Inspect().Concerns.Any(c => c.Id == "MountDeviceMissing"));
    }

    private static Volume Thin(string name) => new()
    {
        Kind = VolumeKind.LogicalVolume,
        Device = MemoryVolume.Partition(0, 0).Device,
        DiskIndex = 0,
        VolumeGroup = "vg0",
        LogicalVolume = name,
        Failure = new VolumeException(V2VError.VolumeUnsupported, $"vg0/{name} is a thin volume.") { Format = "LVM2", Advice = "Copy it." },
    };

    [Fact]
    public void A_root_that_was_not_unmounted_is_told_as_such()
    {
        var volume = MemoryVolume.Partition(0, 1);
        var e = Assert.Throws<ConversionException>(() => GuestInspector.Inspect(
            new PhonyGuest().Source, [volume],
            _ => throw new GuestFileSystemException(V2VError.FileSystemNotClean, "The ext4 file system was not unmounted.") { Format = "ext4", Advice = "Shut the guest down." },
            null, TestContext.Current.CancellationToken));

        Assert.Equal(V2VError.FileSystemNotClean, e.Error);
        Assert.Equal("Shut the guest down.", e.Advice);
    }

    [Fact]
    public void No_volumes_at_all_are_told_as_such() =>
        Assert.Equal(V2VError.NoOperatingSystem, Assert.Throws<ConversionException>(() => new PhonyGuest().Inspect()).Error);

    [Fact]
    [Shows("FileSystemNotOpened", "FileSystemUnsupported")]
    public void A_mount_that_is_needed_and_cannot_be_opened_blocks_while_data_does_not()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Add(MemoryVolume.Partition(0, 5, VolumeImages.With(8192, (0, "XFSB"u8.ToArray()))));
        phony.Add(MemoryVolume.Partition(0, 6, VolumeImages.With(8192, (0, "XFSB"u8.ToArray()))));
        phony.Root.With("/etc/fstab", $"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\n/dev/sda5 /usr xfs defaults 0 0\n/dev/sda6 /srv/my\\040data xfs defaults 0 0\n");

        var concerns = phony.Inspect().Concerns;

        Assert.Equal(
            [(ConcernSeverity.Critical, "FileSystemUnsupported"), (ConcernSeverity.Information, "FileSystemNotOpened")],
            concerns.OrderByDescending(c => c.Severity).Select(c => (c.Severity, c.Id)));
        Assert.Contains("/srv/my data", concerns.Single(c => c.Severity == ConcernSeverity.Information).Message);
    }

    [Fact]
    public void A_disk_that_was_left_out_is_noticed_unless_the_guest_can_do_without_it()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/fstab", $"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\nUUID=dead /srv ext4 defaults 0 0\nUUID=beef /opt ext4 nofail 0 0\n");

        var concern = Assert.Single(phony.Inspect().Concerns);

        Assert.Equal((ConcernSeverity.Warning, "MountDeviceMissing"), (concern.Severity, concern.Id));
        Assert.Contains("UUID=dead at /srv", concern.Message);
    }

    [Theory]
    [InlineData(false, Firmware.Uefi)]
    [InlineData(true, Firmware.Bios)]
    public void Firmware_is_told_by_the_partitions_when_the_source_does_not(bool hasBiosBoot, Firmware expected)
    {
        using var phony = PhonyGuest.Debian12();
        phony.Add(MemoryVolume.Partition(0, 3) with { Kind = VolumeKind.GptPartition, GptType = new Guid("c12a7328-f81f-11d2-ba4b-00a0c93ec93b") });
        if (hasBiosBoot)
        {
            phony.Add(MemoryVolume.Partition(0, 4) with { Kind = VolumeKind.GptPartition, GptType = new Guid("21686148-6449-6e6f-744e-656564454649") });
        }

        Assert.Equal(expected, phony.Inspect().Firmware);
        phony.Source = phony.Source with { Firmware = Firmware.Bios };
        Assert.Equal(Firmware.Bios, phony.Inspect().Firmware);
    }

    [Fact]
    public void The_boot_disk_is_the_first_with_grub_in_its_boot_sector()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Source = phony.Source with { Disks = [PhonyGuest.Disk(content: new byte[4096]), PhonyGuest.Disk()] };

        Assert.Equal(1, phony.Inspect().BootDiskIndex);
    }
}
