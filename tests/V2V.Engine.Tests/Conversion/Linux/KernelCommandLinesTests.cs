using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Linux;
using V2V.Engine.FileSystems;
using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Inspection;
using V2V.Engine.Tests.Inspection.Boot;
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

    [Fact]
    public void Grub_legacy_of_red_hat_is_edited_once_whatever_links_lead_to_it()
    {
        using var phony = BootGuests.CentOS6();

        Assert.Equal(
            $"""
            /boot/grub/grub.conf:
            - kernel /boot/vmlinuz-2.6.32-696.el6.x86_64 ro root=/dev/sda1 resume=/dev/sda2 rd_NO_LUKS
            + kernel /boot/vmlinuz-2.6.32-696.el6.x86_64 ro root=UUID={PhonyGuest.RootUuid} resume=UUID={PhonyGuest.SwapUuid} rd_NO_LUKS
            """,
            Run(phony, new KernelCommandLines(), out var context));
        Assert.Equal("/boot/grub/grub.conf", Assert.Single(context.Changes).Path);
    }

    [Fact]
    public void Bls_entries_with_kernelopts_are_corrected_in_grubenv()
    {
        using var phony = BootGuests.RedHat8();

        Assert.Equal(
            $"""
            /boot/grub2/grub.cfg:
            - set kernelopts="root=/dev/sda1 ro crashkernel=auto "
            + set kernelopts="root=UUID={PhonyGuest.RootUuid} ro crashkernel=auto "
            /boot/grub2/grubenv:
            - kernelopts=root=/dev/sda1 ro crashkernel=auto resume=/dev/sda2 rhgb quiet
            - 843 #
            + kernelopts=root=UUID={PhonyGuest.RootUuid} ro crashkernel=auto resume=UUID={PhonyGuest.SwapUuid} rhgb quiet
            + 779 #
            /etc/default/grub:
            - GRUB_CMDLINE_LINUX="root=/dev/sda1 crashkernel=auto"
            + GRUB_CMDLINE_LINUX="root=UUID={PhonyGuest.RootUuid} crashkernel=auto"
            """,
            Run(phony, new KernelCommandLines(), out _));
        Assert.Equal(1024, phony.Root.ReadAllBytes("/boot/grub2/grubenv").Length);
        Assert.Equal($"root=UUID={PhonyGuest.RootUuid}", phony.Inspect().BootLoader.Menu.Default!.Arguments[0]);
        JudgeByGrub(phony);
    }

    [Fact]
    public void Bls_entries_with_literal_options_are_corrected_one_by_one_with_their_template()
    {
        using var phony = BootGuests.Rocky9Uefi();

        Assert.Equal(
            $"""
            /boot/loader/entries/{BootGuests.MachineId}-5.14.0-427.13.1.el9_4.x86_64.conf:
            - options root=/dev/sda1 ro crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M resume=/dev/sda2 $tuned_params
            + options root=UUID={PhonyGuest.RootUuid} ro crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M resume=UUID={PhonyGuest.SwapUuid} $tuned_params
            /boot/loader/entries/{BootGuests.MachineId}-5.14.0-70.el9.x86_64.conf:
            - options root=/dev/sda1 ro crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M resume=/dev/sda2 $tuned_params
            + options root=UUID={PhonyGuest.RootUuid} ro crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M resume=UUID={PhonyGuest.SwapUuid} $tuned_params
            /etc/kernel/cmdline:
            - root=/dev/sda1 ro crashkernel=1G-4G:192M resume=/dev/sda2
            + root=UUID={PhonyGuest.RootUuid} ro crashkernel=1G-4G:192M resume=UUID={PhonyGuest.SwapUuid}
            """,
            Run(phony, new KernelCommandLines(), out _));
    }

    [Fact]
    public void A_menu_on_the_esp_is_corrected_there()
    {
        using var phony = BootGuests.CentOS7Uefi();

        var changed = Run(phony, new KernelCommandLines(), out var context);

        Assert.Equal(["/boot/efi/EFI/centos/grub.cfg", "/etc/default/grub"], context.Changes.Select(c => c.Path));
        Assert.Equal(3, changed.Split("+ linuxefi").Length - 1);
        Assert.DoesNotContain("+ set", changed);
        JudgeByGrub(phony);
    }

    [Fact]
    public void The_initrd_of_suse_11_gets_paths_because_it_waits_for_those()
    {
        using var phony = BootGuests.Sles11Xen();

        Assert.Equal(
            $"""
            /boot/grub/menu.lst:
            - module /boot/vmlinuz-3.0.101-63-xen root=/dev/disk/by-id/ata-VMware_Virtual_IDE_00000000000000000001-part1 resume=/dev/sda2 splash=silent showopts
            - kernel /boot/vmlinuz root=/dev/disk/by-id/ata-VMware_Virtual_IDE_00000000000000000001-part1 resume=/dev/sda2 splash=silent crashkernel= showopts
            - kernel /boot/vmlinuz-3.0.101-63-default root=/dev/sda1 showopts ide=nodma apm=off noresume nosmp maxcpus=0
            + module /boot/vmlinuz-3.0.101-63-xen root=/dev/disk/by-uuid/{PhonyGuest.RootUuid} resume=/dev/disk/by-uuid/{PhonyGuest.SwapUuid} splash=silent showopts
            + kernel /boot/vmlinuz root=/dev/disk/by-uuid/{PhonyGuest.RootUuid} resume=/dev/disk/by-uuid/{PhonyGuest.SwapUuid} splash=silent crashkernel= showopts
            + kernel /boot/vmlinuz-3.0.101-63-default root=/dev/disk/by-uuid/{PhonyGuest.RootUuid} showopts ide=nodma apm=off noresume nosmp maxcpus=0
            /etc/sysconfig/bootloader:
            - DEFAULT_APPEND="resume=/dev/sda2 splash=silent crashkernel= showopts"
            + DEFAULT_APPEND="resume=/dev/disk/by-uuid/{PhonyGuest.SwapUuid} splash=silent crashkernel= showopts"
            """,
            Run(phony, new KernelCommandLines(), out _));
    }

    [Fact]
    public void Names_by_path_are_replaced_on_suse_15()
    {
        using var phony = BootGuests.Sles15();

        Assert.Equal(
            $"""
            /boot/grub2/grub.cfg:
            - linux	/boot/vmlinuz-6.4.0-150600.21-default root=/dev/disk/by-path/pci-0000:00:10.0-scsi-0:0:0:0-part1  $[extra_cmdline] splash=silent resume=/dev/sda2 mitigations=auto quiet
            + linux	/boot/vmlinuz-6.4.0-150600.21-default root=UUID={PhonyGuest.RootUuid}  $[extra_cmdline] splash=silent resume=UUID={PhonyGuest.SwapUuid} mitigations=auto quiet
            /etc/default/grub:
            - GRUB_CMDLINE_LINUX_DEFAULT="splash=silent resume=/dev/sda2 mitigations=auto quiet"
            + GRUB_CMDLINE_LINUX_DEFAULT="splash=silent resume=UUID={PhonyGuest.SwapUuid} mitigations=auto quiet"
            """.Replace('[', '{').Replace(']', '}'),
            Run(phony, new KernelCommandLines(), out _));
        JudgeByGrub(phony);
    }

    [Fact]
    public void Systemd_boots_entries_are_corrected()
    {
        using var phony = BootGuests.Arch();

        var changed = Run(phony, new KernelCommandLines(), out var context);

        Assert.Equal(["/boot/loader/entries/arch-fallback.conf", "/boot/loader/entries/arch-lts+3-1.conf", "/boot/loader/entries/arch.conf"], context.Changes.Select(c => c.Path));
        Assert.Contains($"+ options root=UUID={PhonyGuest.RootUuid} rw{Environment.NewLine}+ options resume=UUID={PhonyGuest.SwapUuid}", changed);
    }

    [Fact]
    public void Extlinux_and_alpines_settings_are_corrected()
    {
        using var phony = BootGuests.Alpine();

        Assert.Equal(
            $"""
            /boot/extlinux.conf:
            - APPEND root=/dev/sda1 modules=sd-mod,usb-storage,ext4 quiet rootfstype=ext4
            - APPEND root=/dev/sda1 modules=sd-mod,usb-storage,ext4 quiet rootfstype=ext4
            + APPEND root=UUID={PhonyGuest.RootUuid} modules=sd-mod,usb-storage,ext4 quiet rootfstype=ext4
            + APPEND root=UUID={PhonyGuest.RootUuid} modules=sd-mod,usb-storage,ext4 quiet rootfstype=ext4
            /etc/update-extlinux.conf:
            - default_kernel_opts="quiet rootfstype=ext4 console=hvc0"
            - root=/dev/sda1
            + default_kernel_opts="quiet rootfstype=ext4 console=ttyS0"
            + root=UUID={PhonyGuest.RootUuid}
            """,
            Run(phony, new KernelCommandLines(), out _));
    }

    [Fact]
    public void Xens_console_becomes_the_serial_port_and_nothing_else_changes_on_amazon_linux()
    {
        using var phony = BootGuests.Amazon2();

        Assert.Contains("ro console=ttyS0 console=ttyS0,115200n8 net.ifnames=0", Run(phony, new KernelCommandLines(), out var context));
        Assert.Single(context.Changes);
        JudgeByGrub(phony);
    }

    [Fact]
    public void Lasting_names_are_never_touched()
    {
        using var phony = BootGuests.RedHat8();
        var options = "root=/dev/mapper/rhel-root ro resume=/dev/rhel/swap rd.lvm.lv=rhel/root cryptdevice=LABEL=x real_root=PARTUUID=5ad1c0d0-01 swap=UUID=1 log=/dev/sda1";
        phony.Root.With("/boot/grub2/grubenv", BootGuests.Environment("kernelopts=" + options));
        phony.Root.With("/boot/grub2/grub.cfg", $"set kernelopts=\"{options}\"\nblscfg\n");
        phony.Root.With("/etc/default/grub", $"GRUB_CMDLINE_LINUX=\"{options}\"\n");

        Assert.Empty(Run(phony, new KernelCommandLines(), out _));
    }

    [Fact]
    public void An_environment_block_without_room_ends_the_conversion()
    {
        using var phony = BootGuests.RedHat8();
        phony.Root.With("/boot/grub2/grubenv", BootGuests.Environment($"kernelopts=root=/dev/sda1 {new string('x', 960)}"));

        var e = Assert.Throws<ConversionException>(() => phony.Run(new KernelCommandLines()));

        Assert.Equal(("/boot/grub2/grubenv", 1024L), (e.Path, phony.Root.Find("/boot/grub2/grubenv")!.Length));
    }

    [Fact]
    public void Grubs_tools_on_red_hat_and_suse_learn_the_new_names()
    {
        using var centos = BootGuests.CentOS5Xen();
        using var sles11 = BootGuests.Sles11Xen();
        using var sles15 = BootGuests.Sles15();

        Assert.Equal(
            """
            /boot/grub/grub.conf:
            - #boot=/dev/sda
            + #boot=/dev/vda
            /etc/sysconfig/grub:
            - boot=/dev/sda
            + boot=/dev/vda
            """,
            Run(centos, new GrubInstallDevices(), out _));
        Assert.Equal(
            """
            /boot/grub/device.map:
            - (hd0)	/dev/disk/by-id/ata-VMware_Virtual_IDE_00000000000000000001
            + (hd0)	/dev/vda
            """,
            Run(sles11, new GrubInstallDevices(), out _));
        sles15.Root.With("/etc/default/grub_installdevice", "/dev/disk/by-id/scsi-36000c29-part1\n/dev/sda\nactivate\n");
        Assert.Equal(
            $"""
            /etc/default/grub_installdevice:
            - /dev/disk/by-id/scsi-36000c29-part1
            - /dev/sda
            + /dev/disk/by-uuid/{PhonyGuest.RootUuid}
            + /dev/vda
            """,
            Run(sles15, new GrubInstallDevices(), out _));
    }

    /// <summary>Damaged files are edited or left, quickly, and only the library's own exceptions get out.</summary>
    [Fact]
    public void Damaged_configurations_are_edited_quickly()
    {
        var random = new Random(7);
        PhonyGuest[] guests = [BootGuests.CentOS6(), BootGuests.RedHat8(), BootGuests.Sles15(), BootGuests.Alpine(), BootGuests.Arch()];
        foreach (var phony in guests)
        {
            var context = phony.Context();
            var boot = context.Guest.Root.Mounts.SelectMany(m => ((MemoryFileSystem)m.FileSystem).Listing().Select(l => (Files: (MemoryFileSystem)m.FileSystem, Path: l.Split(' ')[0])))
                .Where(f => f.Path.EndsWith(".cfg") || f.Path.EndsWith(".conf") || f.Path.EndsWith("grubenv") || f.Path.StartsWith("/etc/default/"))
                .Where(f => f.Files.Find(f.Path) is { IsRegular: true, Length: > 0 })
                .Select(f => (f.Files, f.Path, Content: f.Files.ReadAllBytes(f.Path))).ToArray();
            for (var i = 0; i < 400; i++)
            {
                var (owner, path, content) = boot[random.Next(boot.Length)];
                owner.WriteAllBytes(path, BootLoadersTests.Mutate(random, content));
                var started = System.Diagnostics.Stopwatch.GetTimestamp();
                try
                {
                    phony.Run(new ChooseKernel());
                    phony.Run(new KernelCommandLines());
                    phony.Run(new GrubInstallDevices());
                }
                catch (V2VException)
                {
                }

                Watchdog.Check(started, path);
                foreach (var (f, p, c) in boot)
                {
                    f.WriteAllBytes(p, c);
                }
            }

            phony.Dispose();
        }
    }

    private static string Run(PhonyGuest phony, ConversionStep step, out ConversionContext context)
    {
        context = phony.Context();
        var differences = new FileDifferences(context.Guest.Root);
        step.Apply(context);
        return differences.Describe();
    }

    /// <summary>GRUB's own programs accept every grub.cfg and every environment block of the guest.</summary>
    internal static void JudgeByGrub(PhonyGuest phony)
    {
        ExternalTool.Need("grub-script-check", "grub-editenv");
        foreach (var mount in phony.Inspect().Root.Mounts)
        {
            foreach (var path in ((MemoryFileSystem)mount.FileSystem).Listing().Select(l => l.Split(' ')[0]).Where(p => p.EndsWith("/grub.cfg") || p.EndsWith("/grubenv")))
            {
                if (mount.FileSystem.Find(path) is not { IsRegular: true })
                {
                    continue;
                }

                var file = Path.GetTempFileName();
                try
                {
                    File.WriteAllBytes(file, mount.FileSystem.ReadAllBytes(path));
                    if (path.EndsWith("/grub.cfg"))
                    {
                        ExternalTool.Check("grub-script-check", file);
                    }
                    else
                    {
                        ExternalTool.Check("grub-editenv", file, "list");
                        ExternalTool.Check("grub-editenv", file, "set", "probe=1");
                        Assert.Equal(1024, new FileInfo(file).Length);
                    }
                }
                finally
                {
                    File.Delete(file);
                }
            }
        }
    }
}
