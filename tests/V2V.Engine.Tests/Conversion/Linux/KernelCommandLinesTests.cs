using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Linux;
using V2V.Engine.Sources;
using V2V.Engine.Tests.Inspection;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux;

public sealed class KernelCommandLinesTests
{
    [Fact]
    public void A_menu_that_names_the_root_by_uuid_is_left_alone()
    {
        using var phony = PhonyGuest.Debian12();

        Assert.Empty(phony.Run(new KernelCommandLines()).Changes);
    }

    [Fact]
    public void Root_and_resume_get_uuids_in_every_entry_and_nothing_else_changes()
    {
        using var phony = PhonyGuest.Debian12().WithGrub("6.1.0-18-amd64", "/dev/sda1");
        phony.Root.With("/boot/grub/grub.cfg", PhonyGuest.GrubCfg("6.1.0-18-amd64", "/dev/sda1 resume=/dev/sda2 foo=/dev/sda1 console=ttyS0,115200n8"));
        var before = phony.Root.Text("/boot/grub/grub.cfg");

        phony.Run(new KernelCommandLines());

        Assert.Equal(
            before.Replace("root=/dev/sda1", $"root=UUID={PhonyGuest.RootUuid}", StringComparison.Ordinal)
                .Replace("resume=/dev/sda2", $"resume=UUID={PhonyGuest.SwapUuid}", StringComparison.Ordinal),
            phony.Root.Text("/boot/grub/grub.cfg"));
        Assert.Contains("foo=/dev/sda1 console=ttyS0,115200n8", phony.Root.Text("/boot/grub/grub.cfg"));
    }

    [Fact]
    public void A_kernel_without_initramfs_gets_its_root_by_partition()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/boot/grub/grub.cfg",
            "menuentry 'bare' {\n\tlinux /boot/vmlinuz root=/dev/sda1 ro\n}\nmenuentry 'full' {\n\tlinux /boot/vmlinuz root=/dev/sda1 ro\n\tinitrd /boot/initrd\n}\n");

        phony.Run(new KernelCommandLines());

        Assert.Equal(
            $"menuentry 'bare' {{\n\tlinux /boot/vmlinuz root=PARTUUID=5ad1c0d0-01 ro\n}}\nmenuentry 'full' {{\n\tlinux /boot/vmlinuz root=UUID={PhonyGuest.RootUuid} ro\n\tinitrd /boot/initrd\n}}\n",
            phony.Root.Text("/boot/grub/grub.cfg"));
    }

    [Fact]
    public void The_settings_for_the_next_update_grub_are_corrected_too()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/default/grub",
            "GRUB_DEFAULT=0\n# GRUB_CMDLINE_LINUX=\"root=/dev/sda1\"\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet resume=/dev/sda2\"\nGRUB_CMDLINE_LINUX='console=hvc0'\n");
        phony.Root.With("/etc/default/grub.d/50-cloud.cfg", "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX console=tty1 console=xvc0\"\n");

        phony.Run(new KernelCommandLines());

        Assert.Equal(
            $"GRUB_DEFAULT=0\n# GRUB_CMDLINE_LINUX=\"root=/dev/sda1\"\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet resume=UUID={PhonyGuest.SwapUuid}\"\nGRUB_CMDLINE_LINUX='console=ttyS0'\n",
            phony.Root.Text("/etc/default/grub"));
        Assert.Equal("GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX console=tty1 console=ttyS0\"\n", phony.Root.Text("/etc/default/grub.d/50-cloud.cfg"));
    }

    [Fact]
    public void Grub_legacy_is_corrected_with_the_settings_in_its_comments()
    {
        using var phony = PhonyGuest.Debian5();

        phony.Run(new KernelCommandLines());

        Assert.Equal(
            $"default\t\t0\n# kopt=root=UUID={PhonyGuest.RootUuid} ro\ntitle\t\tDebian GNU/Linux, kernel 2.6.26-2-686\nroot\t\t(hd0,0)\n"
            + $"kernel\t\t/boot/vmlinuz-2.6.26-2-686 root=UUID={PhonyGuest.RootUuid} ro quiet\ninitrd\t\t/boot/initrd.img-2.6.26-2-686\n",
            phony.Root.Text("/boot/grub/menu.lst"));
    }

    [Theory]
    [InlineData(DiskBus.Virtio, "/dev/vda", "/dev/vdb")]
    [InlineData(DiskBus.Sata, "/dev/sda", "/dev/sdb")]
    public void Grubs_tools_learn_the_new_names_of_whole_disks(DiskBus bus, string first, string second)
    {
        using var phony = PhonyGuest.Debian12();
        phony.Source = phony.Source with { Disks = [PhonyGuest.Disk(DiskController.Nvme), PhonyGuest.Disk()] };
        phony.Root.With("/boot/grub/device.map", "(hd0)\t/dev/nvme0n1\n(hd1)\t/dev/sda\n(hd2)\t/dev/sdz\n")
            .With("/var/cache/debconf/config.dat",
                "Name: grub-pc/install_devices\nTemplate: grub-pc/install_devices\nValue: /dev/nvme0n1, /dev/sda\nOwners: grub-pc\nFlags: seen\n\nName: other/disk\nValue: /dev/sda\n");
        var context = phony.Context();
        context.Hardware.DiskBus = bus;

        new GrubInstallDevices().Apply(context);

        Assert.Equal($"(hd0)\t{first}\n(hd1)\t{second}\n(hd2)\t/dev/sdz\n", phony.Root.Text("/boot/grub/device.map"));
        Assert.Equal(
            $"Name: grub-pc/install_devices\nTemplate: grub-pc/install_devices\nValue: {first}, {second}\nOwners: grub-pc\nFlags: seen\n\nName: other/disk\nValue: /dev/sda\n",
            phony.Root.Text("/var/cache/debconf/config.dat"));
    }
}
