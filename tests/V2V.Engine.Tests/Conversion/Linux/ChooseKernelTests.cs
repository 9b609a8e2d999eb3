using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Linux;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Inspection;
using V2V.Engine.Tests.Inspection.Boot;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux;

public sealed class ChooseKernelTests
{
    [Fact]
    public void A_default_that_can_run_on_kvm_stays()
    {
        PhonyGuest[] guests =
        [
            PhonyGuest.Debian12(), PhonyGuest.Debian5(), BootGuests.CentOS6(), BootGuests.CentOS7Uefi(), BootGuests.RedHat8(), BootGuests.Rocky9Uefi(),
            BootGuests.Sles15(), BootGuests.Arch(), BootGuests.Alpine(), BootGuests.Amazon2(),
        ];
        foreach (var phony in guests)
        {
            var context = phony.Run(new ChooseKernel());

            Assert.Empty(context.Changes);
            Assert.Empty(context.Concerns);
            phony.Dispose();
        }
    }

    [Fact]
    public void CentOS_5_leaves_kernel_xen_for_the_plain_kernel()
    {
        using var phony = BootGuests.CentOS5Xen();

        Assert.Equal(
            """
            /boot/grub/grub.conf:
            - default=0
            + default=1
            /etc/sysconfig/kernel:
            - DEFAULTKERNEL=kernel-xen
            + DEFAULTKERNEL=kernel
            """,
            Run(phony, out var context));
        Assert.Equal("2.6.18-398.el5", context.Guest.Kernels.Single(k => k.IsDefault).Version);
        Assert.Equal("2.6.18-398.el5", DefaultNow(phony).Version);
        Assert.Equal(
            "The guest boots its kernel 2.6.18-398.el5 from now on (CentOS (2.6.18-398.el5)), because its default cannot run on KVM: 2.6.18-398.el5xen runs on the Xen hypervisor only.",
            Assert.Single(context.Concerns).Message);
        Assert.DoesNotContain(GuestChecks.Run(phony.Inspect(), phony.Source), c => c.Id == "NoKernelForKvm");
    }

    [Fact]
    public void SLES_11_leaves_the_hypervisor_and_kernel_xen_for_the_entry_that_is_not_failsafe()
    {
        using var phony = BootGuests.Sles11Xen();

        Assert.Equal(
            """
            /boot/grub/menu.lst:
            - default 0
            + default 1
            """,
            Run(phony, out _));
        Assert.Equal("3.0.101-63-default", DefaultNow(phony).Version);
    }

    [Fact]
    public void A_debian_dom0_boots_the_same_kernel_without_the_hypervisor()
    {
        using var phony = BootGuests.Debian12Dom0();
        Assert.True(phony.Inspect().Kernels.Single().IsDefault);

        Assert.Equal(
            """
            /boot/grub/grub.cfg:
            - set default="0"
            + set default="gnulinux-simple-1"
            /etc/default/grub:
            - GRUB_DEFAULT=0
            + GRUB_DEFAULT="gnulinux-simple-1"
            """,
            Run(phony, out var context));
        Assert.Contains("starts the Xen hypervisor", Assert.Single(context.Concerns).Message);
        Assert.False(phony.Inspect().BootLoader.Menu.Default!.IsXenHypervisor);
        KernelCommandLinesTests.JudgeByGrub(phony);
    }

    [Fact]
    public void An_entry_that_was_to_be_booted_once_is_forgotten()
    {
        using var phony = BootGuests.Debian12Dom0();
        phony.Root.With("/boot/grub/grubenv", BootGuests.Environment("next_entry=xen-gnulinux-simple-1"));

        Run(phony, out _);

        Assert.Equal("gnulinux-simple-1", phony.Inspect().BootLoader.Menu.Default!.Id);
        KernelCommandLinesTests.JudgeByGrub(phony);
    }

    [Fact]
    public void Bls_guests_get_the_best_other_kernel_by_saved_entry()
    {
        using var phony = BootGuests.RedHat8();
        WithoutDrivers(phony, "4.18.0-80.el8.x86_64");

        Run(phony, out var context);

        Assert.Equal("4.18.0-553.el8_10.x86_64", DefaultNow(phony).Version);
        Assert.Contains($"saved_entry={BootGuests.MachineId}-4.18.0-553.el8_10.x86_64\n", phony.Root.Text("/boot/grub2/grubenv"));
        Assert.Equal("/boot/grub2/grubenv", Assert.Single(context.Changes).Path);
        KernelCommandLinesTests.JudgeByGrub(phony);
    }

    [Fact]
    public void A_missing_environment_block_is_made_as_grub_editenv_makes_it()
    {
        using var phony = BootGuests.Amazon2();
        phony.Kernel("4.14.1-1.amzn2.x86_64", "/boot/initramfs-4.14.1-1.amzn2.x86_64.img");
        WithoutDrivers(phony, "4.14.336-257.562.amzn2.x86_64");
        phony.File("/boot/grub2/grub.cfg", phony.Root.Text("/boot/grub2/grub.cfg") + "submenu 'More > older' {\nmenuentry 'Amazon $1' {\n\tlinux16 /boot/vmlinuz-4.14.1-1.amzn2.x86_64\n}\n}\n");

        Run(phony, out _);

        Assert.Equal("4.14.1-1.amzn2.x86_64", DefaultNow(phony).Version);
        Assert.Contains("saved_entry=1>0\n", phony.Root.Text("/boot/grub2/grubenv"));
        KernelCommandLinesTests.JudgeByGrub(phony);
    }

    [Fact]
    public void Alpine_gets_another_flavour()
    {
        using var phony = BootGuests.Alpine();
        WithoutDrivers(phony, "6.6.32-0-lts");

        Assert.Equal(
            """
            /boot/extlinux.conf:
            - MENU DEFAULT
            + MENU DEFAULT
            /etc/update-extlinux.conf:
            - default=lts
            + default=virt
            """.Replace("- MENU DEFAULT\n+ MENU DEFAULT\n", ""),
            Run(phony, out _));
        Assert.Equal("6.6.32-0-virt", DefaultNow(phony).Version);
    }

    [Fact]
    public void Extlinux_without_a_menu_gets_another_default_label()
    {
        using var phony = BootGuests.Alpine();
        phony.File("/boot/extlinux.conf", "default lts\r\nprompt 1\nlabel lts\n  kernel vmlinuz-lts\n  initrd initramfs-lts\nlabel virt\n  kernel vmlinuz-virt\n  initrd initramfs-virt\n");
        WithoutDrivers(phony, "6.6.32-0-lts");

        Run(phony, out _);

        Assert.StartsWith("default virt\r\nprompt 1\n", phony.Root.Text("/boot/extlinux.conf"));
        Assert.Equal("6.6.32-0-virt", DefaultNow(phony).Version);
    }

    [Fact]
    public void Systemd_boot_gets_another_entry_that_is_no_fallback()
    {
        using var phony = BootGuests.Arch();
        WithoutDrivers(phony, "6.6.32-1-lts");

        Assert.Equal(
            """
            /boot/loader/loader.conf:
            - default arch-l*
            + default arch.conf
            """,
            Run(phony, out _));
        Assert.Equal("6.9.3-arch1-1", DefaultNow(phony).Version);
    }

    [Fact]
    [Shows("UnifiedImagesLeft")]
    public void A_unified_kernel_image_gives_way_to_an_entry_that_can_be_edited()
    {
        using var phony = BootGuests.Arch();
        phony.Inspect().Root.Resolve("/boot/loader").Writable.WriteAllText("/loader/loader.conf", "default arch-linux.efi\n");
        var esp = (MemoryFileSystem)phony.Inspect().Root.Mounts.Single(m => m.MountPoint == "/boot").FileSystem;
        esp.With("/EFI/Linux/arch-linux.efi", "MZ");

        Run(phony, out var context);

        Assert.Contains("unified kernel image", Assert.Single(context.Concerns).Message);
        Assert.Contains(GuestChecks.Run(phony.Inspect(), phony.Source), c => c.Id == "UnifiedImagesLeft" && c.Message.EndsWith(": arch-linux."));
        Assert.Equal("6.9.3-arch1-1", DefaultNow(phony).Version);

        foreach (var entry in (string[])["arch", "arch-lts+3-1", "arch-fallback"])
        {
            esp.Delete($"/loader/entries/{entry}.conf");
        }

        Assert.Contains(GuestChecks.Run(phony.Inspect(), phony.Source), c => c.Id == "NoKernelForKvm");
    }

    [Fact]
    public void A_kernel_for_debugging_is_the_last_choice()
    {
        using var phony = BootGuests.CentOS6();
        phony.Kernel("2.6.32-754.el6.x86_64.debug", "/boot/initramfs-2.6.32-754.el6.x86_64.debug.img");
        phony.File("/boot/grub/grub.conf", phony.Root.Text("/boot/grub/grub.conf") + "title debug\n\tkernel /boot/vmlinuz-2.6.32-754.el6.x86_64.debug ro\n");
        WithoutDrivers(phony, "2.6.32-696.el6.x86_64");

        Run(phony, out _);

        Assert.Equal("2.6.32-754.el6.x86_64", DefaultNow(phony).Version);
    }

    [Fact]
    public void The_refusal_names_every_kernel_and_every_package_that_would_do()
    {
        using var phony = BootGuests.RedHat5Dom0();

        var concern = Assert.Single(GuestChecks.Run(phony.Inspect(), phony.Source), c => c.Id == "NoKernelForKvm");

        Assert.Equal(ConcernSeverity.Critical, concern.Severity);
        Assert.Equal(
            "No kernel of the guest can run on KVM: 2.6.18-398.el5xen runs on the Xen hypervisor only. The capability virtio needs, for "
            + "Red Hat Enterprise Linux Server release 5.11 (Tikanga) (x86_64): rhel/5/kernel-2.6.18-128.el5.x86_64.rpm (or newer).",
            concern.Message);
        Assert.Throws<ConversionException>(() => phony.Run(new ChooseKernel()));
    }

    [Theory]
    [InlineData("rhel", "5.11", "x86_64", "rpm", "rhel/5/kernel-2.6.18-128.el5.x86_64.rpm rhel/5/lvm2-2.02.40-6.el5.x86_64.rpm rhel/5/selinux-policy-targeted-2.4.6-203.el5.noarch.rpm")]
    [InlineData("centos", "5.2", "i686", "rpm", "centos/5/kernel-2.6.18-128.el5.i686.rpm centos/5/lvm2-2.02.40-6.el5.i386.rpm centos/5/selinux-policy-targeted-2.4.6-203.el5.noarch.rpm")]
    [InlineData("rhel", "6.1", "x86_64", "rpm", "rhel/6/kernel.x86_64.rpm")]
    [InlineData("rocky", "9.4", "x86_64", "rpm", "rocky/9/kernel.x86_64.rpm rocky/9/kernel-core.x86_64.rpm rocky/9/kernel-modules.x86_64.rpm")]
    [InlineData("sles", "10.2", "x86_64", "rpm", "sles/10/kernel-default-2.6.16.60-0.85.1.x86_64.rpm")]
    [InlineData("debian", "5.0", "i686", "deb", "debian/5/linux-image-2.6-686_i386.deb")]
    [InlineData("debian", "12.5", "x86_64", "deb", "debian/12/linux-image-amd64_amd64.deb")]
    [InlineData("alpine", "3.19", "x86_64", "apk", "alpine/3/linux-lts.apk")]
    public void Packages_are_named_as_the_distribution_names_their_files(string id, string version, string architecture, string format, string files)
    {
        using var phony = PhonyGuest.Debian12();
        var inspected = phony.Inspect();
        var guest = inspected with
        {
            OperatingSystem = new OperatingSystemInfo
            {
                Family = OperatingSystemFamily.Linux,
                Distribution = id,
                ProductName = id,
                Version = version,
                MajorVersion = int.Parse(version.Split('.')[0]),
                Architecture = architecture,
                PackageFormat = format,
            },
            Packages = [new InstalledPackage("lvm2", "2.02.32", ""), new InstalledPackage("selinux-policy-targeted", "2.4.6-137", "")],
        };

        Assert.Equal(files, string.Join(' ', VirtioPackages.Files(guest)));
    }

    [Theory]
    [InlineData("kernel/drivers/ata/ata_piix.ko", Firmware.Bios, true)]
    [InlineData("kernel/drivers/ata/ata_piix.ko", Firmware.Uefi, false)]
    [InlineData("kernel/drivers/ata/ahci.ko kernel/drivers/scsi/sd_mod.ko", Firmware.Uefi, true)]
    [InlineData("kernel/drivers/block/xen-blkfront.ko", Firmware.Bios, false)]
    public void Without_virtio_a_controller_that_kvm_emulates_is_enough(string modules, Firmware firmware, bool isEnough)
    {
        using var phony = BootGuests.Rpm("centos", "CentOS Linux 7", "7").Modules("3.10", "/lib/modules", modules.Split(' '))
            .File("/boot/vmlinuz-3.10", "bzImage").File("/lib/modules/3.10/modules.builtin", "kernel/fs/binfmt_script.ko\n")
            .File("/boot/grub2/grub.cfg", "menuentry 'x' {\n linux /boot/vmlinuz-3.10\n}\n");
        phony.Source = phony.Source with { Firmware = firmware };

        Assert.Equal(!isEnough, GuestChecks.Run(phony.Inspect(), phony.Source).Any(c => c.Id == "NoKernelForKvm"));
    }

    [Fact]
    public void Without_a_menu_the_kernel_is_chosen_and_the_menu_left()
    {
        using var phony = BootGuests.CentOS5Xen();
        phony.Root.Delete("/boot/grub/grub.conf");
        phony.Root.Delete("/boot/vmlinuz-2.6.18-398.el5");
        phony.File("/boot/vmlinuz-2.6.18-398.el5", "bzImage");

        var context = phony.Run(new ChooseKernel());

        Assert.Empty(context.Changes);
        Assert.Equal("2.6.18-398.el5", context.Guest.Kernels.Single(k => k.IsDefault).Version);
    }

    [Fact]
    public void The_steps_that_follow_work_for_the_chosen_kernel()
    {
        using var phony = BootGuests.CentOS5Xen();
        var context = phony.Context();
        new ChooseKernel().Apply(context);

        new ChooseVirtualHardware().Apply(context);

        Assert.Equal(DiskBus.Virtio, context.Hardware.DiskBus);
    }

    /// <summary>Leaves a kernel nothing to find a disk on KVM with.</summary>
    private static void WithoutDrivers(PhonyGuest phony, string version)
    {
        var directory = phony.Inspect().Kernels.Single(k => k.Version == version).ModulesDirectory;
        phony.File($"{directory}/modules.dep", "kernel/drivers/block/xen-blkfront.ko:\n").File($"{directory}/modules.builtin", "kernel/fs/binfmt_script.ko\n");
    }

    private static InstalledKernel DefaultNow(PhonyGuest phony) => phony.Inspect().Kernels.Single(k => k.IsDefault);

    private static string Run(PhonyGuest phony, out ConversionContext context)
    {
        context = phony.Context();
        var differences = new FileDifferences(context.Guest.Root);
        new ChooseKernel().Apply(context);
        return differences.Describe();
    }
}
