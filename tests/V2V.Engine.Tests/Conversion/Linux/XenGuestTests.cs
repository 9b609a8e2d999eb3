using System.Buffers.Binary;
using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Linux;
using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Inspection;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux;

/// <summary>What is special to guests that were paravirtual ones of Xen.</summary>
public sealed class XenGuestTests
{
    [Fact]
    public void Gettys_of_systemd_move_to_the_serial_port()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root
            .WithLink("/etc/systemd/system/getty.target.wants/getty@tty1.service", "/lib/systemd/system/getty@.service")
            .WithLink("/etc/systemd/system/getty.target.wants/serial-getty@hvc0.service", "/lib/systemd/system/serial-getty@.service")
            .WithLink("/etc/systemd/system/multi-user.target.wants/getty@xvc0.service", "/lib/systemd/system/getty@.service");

        phony.Run(new Consoles());

        Assert.Equal("/lib/systemd/system/serial-getty@.service", phony.Root.ReadLink("/etc/systemd/system/getty.target.wants/serial-getty@ttyS0.service"));
        Assert.Null(phony.Root.Find("/etc/systemd/system/getty.target.wants/serial-getty@hvc0.service"));
        Assert.Null(phony.Root.Find("/etc/systemd/system/multi-user.target.wants/getty@xvc0.service"));
        Assert.NotNull(phony.Root.Find("/etc/systemd/system/getty.target.wants/getty@tty1.service"));
    }

    [Theory]
    [InlineData("/etc/init/hvc0.conf", "/etc/init/ttyS0.conf")]
    [InlineData("/etc/event.d/xvc0", "/etc/event.d/ttyS0")]
    public void Jobs_of_Upstart_move_to_the_serial_port(string job, string moved)
    {
        using var phony = PhonyGuest.Ubuntu1604();
        phony.Root.With(job, "# a console\nstart on stopped rc RUNLEVEL=[2345]\nrespawn\nexec /sbin/getty -8 38400 hvc0\n");

        phony.Run(new Consoles());

        Assert.Null(phony.Root.Find(job));
        Assert.Equal("# a console\nstart on stopped rc RUNLEVEL=[2345]\nrespawn\nexec /sbin/getty -8 38400 ttyS0\n", phony.Root.Text(moved));
    }

    [Fact]
    public void A_job_for_the_serial_port_that_is_there_stays_as_it_is()
    {
        using var phony = PhonyGuest.Ubuntu1604();
        phony.Root.With("/etc/init/hvc0.conf", "exec /sbin/getty hvc0\n").With("/etc/init/ttyS0.conf", "exec /sbin/getty -L 9600 ttyS0\n");

        phony.Run(new Consoles());

        Assert.Null(phony.Root.Find("/etc/init/hvc0.conf"));
        Assert.Equal("exec /sbin/getty -L 9600 ttyS0\n", phony.Root.Text("/etc/init/ttyS0.conf"));
    }

    [Fact]
    public void A_guest_that_starts_logins_on_serial_consoles_itself_gets_no_second_one()
    {
        using var phony = PhonyGuest.Ubuntu1604();
        phony.Root.With("/etc/init/hvc0.conf", "exec /sbin/agetty /dev/hvc0\n").With("/etc/init/serial.conf", "start on fedora.serial-console-available DEV=*\n");

        Assert.Equal(["/etc/init/hvc0.conf"], phony.Run(new Consoles()).Changes.Select(c => c.Path));
    }

    [Fact]
    public void Settings_that_only_Xen_understands_are_commented_out()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root
            .With("/etc/fstab", $"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\nxenfs /proc/xen xenfs defaults 0 0\nnone /proc/xen/ auto defaults 0 0\n")
            .With("/etc/sysctl.conf", "# xen\nxen.independent_wallclock = 1\nvm.swappiness=1\n")
            .WithLink("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf")
            .With("/etc/sysctl.d/xen.conf", "-xen/independent_wallclock=1\n");

        phony.Run(new XenRemnants());

        Assert.Equal($"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\n# xenfs /proc/xen xenfs defaults 0 0\n# none /proc/xen/ auto defaults 0 0\n", phony.Root.Text("/etc/fstab"));
        Assert.Equal("# xen\n# xen.independent_wallclock = 1\nvm.swappiness=1\n", phony.Root.Text("/etc/sysctl.conf"));
        Assert.Equal("# -xen/independent_wallclock=1\n", phony.Root.Text("/etc/sysctl.d/xen.conf"));
    }

    [Fact]
    public void Drivers_of_Xen_leave_SUSEs_lists_of_modules()
    {
        using var phony = PhonyGuest.Debian5();
        phony.Root.With("/etc/sysconfig/kernel", "## Type: string\nINITRD_MODULES=\"xenblk jbd ext3 xen-vnif\"\nDOMU_INITRD_MODULES=\"xennet xenblk\"\nMODULES_LOADED_ON_BOOT=\"\"\n");

        var context = phony.Run(new DropForeignModules());

        Assert.Equal("## Type: string\nINITRD_MODULES=\"jbd ext3\"\nDOMU_INITRD_MODULES=\"\"\nMODULES_LOADED_ON_BOOT=\"\"\n", phony.Root.Text("/etc/sysconfig/kernel"));
        Assert.Contains("xenblk, xen-vnif, xennet", Assert.Single(context.Changes).What, StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_of_Xens_drivers_name_the_new_ones_or_nothing()
    {
        using var phony = PhonyGuest.Debian5();
        phony.Root.With("/etc/modprobe.conf", "alias eth0 xennet\nalias scsi_hostadapter xenblk\nalias block-major-202 xen-vbd\nalias net-pf-10 off\n");

        phony.Run(new ModprobeAliases());

        Assert.Equal("alias eth0 virtio_net\nalias scsi_hostadapter virtio_blk\n# alias block-major-202 xen-vbd\nalias net-pf-10 off\n", phony.Root.Text("/etc/modprobe.conf"));
    }

    [Fact]
    public void Kudzu_no_longer_starts()
    {
        using var phony = PhonyGuest.Debian5();
        phony.Root.With("/etc/rc.d/init.d/kudzu", "#!/bin/bash\n").WithLink("/etc/rc3.d", "rc.d/rc3.d")
            .WithLink("/etc/rc.d/rc3.d/S05kudzu", "../init.d/kudzu").WithLink("/etc/rc.d/rc1.d/K95kudzu", "../init.d/kudzu").WithLink("/etc/rc.d/rc3.d/S10network", "../init.d/network");

        var context = phony.Run(new DisableKudzu());

        Assert.Equal(["/etc/rc.d/rc3.d/S05kudzu"], context.Changes.Select(c => c.Path));
        Assert.NotNull(phony.Root.Find("/etc/rc.d/rc3.d/S10network"));
    }

    [Fact]
    public void A_guest_without_a_boot_loader_is_started_by_its_kernel()
    {
        using var phony = Paravirtual();
        phony.Root.With("/boot/grub/grub.cfg", PhonyGuest.GrubCfg("6.1.0-18-amd64", "/dev/xvda1").Replace("quiet", "console=hvc0 quiet", StringComparison.Ordinal));
        var context = phony.Context();
        Assert.False(context.Guest.HasBootLoaderOnDisk);

        Apply(context, new KernelCommandLines(), new DirectKernelBoot());

        Assert.Equal(
            new DirectBoot("/boot/vmlinuz-6.1.0-18-amd64", "/boot/initrd.img-6.1.0-18-amd64", $"root=UUID={PhonyGuest.RootUuid} ro console=ttyS0 quiet"),
            context.Hardware.DirectBoot);
        var concern = Assert.Single(context.Concerns);
        Assert.Equal(("DirectKernelBoot", ConcernSeverity.Warning), (concern.Id, concern.Severity));
        Assert.Contains("'grub-install /dev/vda'", concern.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("root=/dev/x ro clocksource=jiffies earlyprintk=xen quiet", "root=/dev/x ro quiet")]
    [InlineData("GRUB_CMDLINE_LINUX=\"earlyprintk=xen console=hvc0\"", "GRUB_CMDLINE_LINUX=\"console=ttyS0\"")]
    [InlineData("GRUB_CMDLINE_LINUX=\"quiet xencons=tty\"", "GRUB_CMDLINE_LINUX=\"quiet \"")]
    [InlineData("kernel /vmlinuz console=xvc0 clocksource=tsc myclocksource=xen", "kernel /vmlinuz console=ttyS0 clocksource=tsc myclocksource=xen")]
    public void Arguments_that_only_Xen_understands_are_dropped(string line, string expected)
    {
        using var phony = PhonyGuest.Debian12();
        Assert.Equal(expected, new KernelArguments(phony.Context()).Correct(line, "/boot/grub/menu.lst"));
    }

    [Fact]
    public void Without_a_menu_the_kernel_is_told_the_root_by_its_UUID()
    {
        using var phony = Paravirtual();
        phony.Root.Delete("/boot/grub/grub.cfg");
        var context = phony.Context();
        Apply(context, new DirectKernelBoot());
        Assert.Equal($"root=UUID={PhonyGuest.RootUuid} ro", context.Hardware.DirectBoot!.CommandLine);
    }

    [Fact]
    public void A_disk_that_has_no_room_for_a_boot_loader_gets_other_advice()
    {
        using var phony = new PhonyGuestOfPartitions();
        var context = phony.Guest.Context();
        Apply(context, new DirectKernelBoot());
        Assert.DoesNotContain("grub-install", Assert.Single(context.Concerns).Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_that_QEMU_cannot_start_is_refused_by_name()
    {
        using var phony = Paravirtual();
        phony.Root.With("/boot/vmlinuz-6.1.0-18-amd64", "\u007fELF");
        var context = phony.Context();
        var error = Assert.Throws<ConversionException>(() => new DirectKernelBoot().Apply(context));
        Assert.Equal(V2VError.GuestUnsupported, error.Error);
        Assert.NotNull(error.Advice);
    }

    [Fact]
    public void Guests_that_start_by_themselves_are_left_to()
    {
        using var phony = PhonyGuest.Debian12();
        Assert.False(new DirectKernelBoot().AppliesTo(phony.Inspect()));
        phony.Source = phony.Source with { Disks = [PhonyGuest.Disk(content: new byte[4096])], Firmware = Firmware.Uefi };
        Assert.False(new DirectKernelBoot().AppliesTo(phony.Inspect()));
    }

    [Fact]
    public void Partitions_without_a_disk_are_named_by_UUID()
    {
        using var phony = new PhonyGuestOfPartitions();
        phony.Guest.Root.With("/etc/fstab", "/dev/xvda2 / ext4 defaults 0 1\n/dev/xvda1 none swap sw 0 0\n/dev/xvdb /srv ext3 defaults 0 0\n");

        phony.Guest.Run(new StableDeviceNames());

        Assert.Equal($"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\nUUID={PhonyGuest.SwapUuid} none swap sw 0 0\n/dev/xvdb /srv ext3 defaults 0 0\n", phony.Guest.Root.Text("/etc/fstab"));
    }

    private static PhonyGuest Paravirtual()
    {
        var phony = PhonyGuest.Debian12();
        phony.Source = phony.Source with { Disks = [PhonyGuest.Disk(DiskController.Xen, new byte[4096]) with { GuestName = "xvda" }] };
        phony.Root.Delete("/boot/vmlinuz-6.1.0-18-amd64");
        phony.Root.With("/boot/vmlinuz-6.1.0-18-amd64", BzImage());
        return phony;
    }

    private static byte[] BzImage()
    {
        var image = new byte[0x600];
        "HdrS"u8.CopyTo(image.AsSpan(0x202));
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(0x20E), 0x200);
        "6.1.0-18-amd64 (x)"u8.CopyTo(image.AsSpan(0x400));
        return image;
    }

    private static void Apply(ConversionContext context, params ConversionStep[] steps)
    {
        foreach (var step in steps)
        {
            Assert.True(step.AppliesTo(context.Guest));
            step.Apply(context);
        }
    }

    /// <summary>Swap as xvda1 and the root as xvda2, images without partition tables both.</summary>
    private sealed class PhonyGuestOfPartitions : IDisposable
    {
        public PhonyGuestOfPartitions()
        {
            Guest = Paravirtual();
            Guest.Source = Guest.Source with
            {
                Disks =
                [
                    PhonyGuest.Disk(DiskController.Xen, new byte[4096]) with { GuestName = "xvda1" },
                    PhonyGuest.Disk(DiskController.Xen, new byte[4096]) with { GuestName = "xvda2" },
                ],
            };
            Guest.Volumes.Clear();
            Guest.Add(Whole(0, VolumeImages.Swap(PhonyGuest.SwapUuid))).Add(Whole(1, null), Guest.Root);
        }

        public PhonyGuest Guest { get; }

        public void Dispose() => Guest.Dispose();

        private static Volume Whole(int disk, byte[]? content) =>
            MemoryVolume.Partition(disk, 0, content) with { Kind = VolumeKind.WholeDisk, PartitionNumber = null, PartitionUuid = null, MbrType = null, StartOffset = 0 };
    }
}
