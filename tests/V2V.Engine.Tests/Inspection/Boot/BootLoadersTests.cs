using System.Diagnostics;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Boot;
using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Volumes;
using V2V.Engine.Volumes.Gpt;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Boot;

/// <summary>Which boot loader, which menu, and which kernel and initramfs boot when nobody chooses.</summary>
public sealed class BootLoadersTests
{
    [Fact]
    public void CentOS_5_boots_by_grub_legacy()
    {
        using var phony = BootGuests.CentOS5Xen();

        var guest = phony.Inspect();

        Assert.Equal(
            """
            GrubLegacy /boot/grub/menu.lst
            * 0 | CentOS (2.6.18-398.el5xen) | /boot/vmlinuz-2.6.18-398.el5xen | /boot/initrd-2.6.18-398.el5xen.img | ro root=/dev/sda1 console=xvc0 | 9-12
              1 | CentOS (2.6.18-398.el5) | /boot/vmlinuz-2.6.18-398.el5 | /boot/initrd-2.6.18-398.el5.img | ro root=/dev/sda1 rhgb quiet | 13-16
            """,
            Describe(guest.BootLoader));
        Assert.Equal(
            ["* 2.6.18-398.el5xen only under Xen /boot/initrd-2.6.18-398.el5xen.img", "  2.6.18-398.el5 /boot/initrd-2.6.18-398.el5.img"],
            Kernels(guest));
    }

    [Fact]
    public void Grub_legacy_starts_xen_with_the_kernel_as_a_module()
    {
        using var phony = BootGuests.Sles11Xen();

        var guest = phony.Inspect();

        Assert.Equal(
            """
            GrubLegacy /boot/grub/menu.lst
            * 0 | Xen -- SUSE Linux Enterprise Server 11 SP4 - 3.0.101-63 | /boot/vmlinuz-3.0.101-63-xen under Xen | /boot/initrd-3.0.101-63-xen | root=/dev/disk/by-id/ata-VMware_Virtual_IDE_00000000000000000001-part1 resume=/dev/sda2 splash=silent showopts | 8-12
              1 | SUSE Linux Enterprise Server 11 SP4 - 3.0.101-63 | /boot/vmlinuz-3.0.101-63-default | /boot/initrd-3.0.101-63-default | root=/dev/disk/by-id/ata-VMware_Virtual_IDE_00000000000000000001-part1 resume=/dev/sda2 splash=silent crashkernel= showopts | 15-18
              2 | Failsafe -- SUSE Linux Enterprise Server 11 SP4 - 3.0.101-63 | /boot/vmlinuz-3.0.101-63-default | /boot/initrd-3.0.101-63-default | root=/dev/sda1 showopts ide=nodma apm=off noresume nosmp maxcpus=0 | 21-24
            """,
            Describe(guest.BootLoader));
        Assert.Equal(["* 3.0.101-63-xen only under Xen /boot/initrd-3.0.101-63-xen", "  3.0.101-63-default /boot/initrd-3.0.101-63-default"], Kernels(guest));
    }

    [Fact]
    public void CentOS_7_with_uefi_keeps_its_menu_on_the_esp()
    {
        using var phony = BootGuests.CentOS7Uefi();

        var guest = phony.Inspect();

        Assert.Equal("/boot/efi/EFI/centos/grub.cfg", guest.BootLoader.ConfigurationPath);
        Assert.Equal("gnulinux-3.10.0-957.el7.x86_64-advanced-1", guest.BootLoader.Menu.Default!.Id);
        Assert.Equal(
            ["  3.10.0-1160.el7.x86_64 /boot/initramfs-3.10.0-1160.el7.x86_64.img", "* 3.10.0-957.el7.x86_64 /boot/initramfs-3.10.0-957.el7.x86_64.img"],
            Kernels(guest));
    }

    [Fact]
    public void RHEL_8_takes_the_arguments_of_its_bls_entries_from_grubenv()
    {
        using var phony = BootGuests.RedHat8();

        var guest = phony.Inspect();

        Assert.Equal(
            $"""
            Grub2 /boot/grub2/grub.cfg
              {BootGuests.MachineId}-4.18.0-553.el8_10.x86_64 | Red Hat Enterprise Linux (4.18.0-553.el8_10.x86_64) 8.10 (Ootpa) | /boot/vmlinuz-4.18.0-553.el8_10.x86_64 | /boot/initramfs-4.18.0-553.el8_10.x86_64.img | root=/dev/sda1 ro crashkernel=auto resume=/dev/sda2 rhgb quiet | 1-9
            * {BootGuests.MachineId}-4.18.0-80.el8.x86_64 | Red Hat Enterprise Linux (4.18.0-80.el8.x86_64) 8.0 (Ootpa) | /boot/vmlinuz-4.18.0-80.el8.x86_64 | /boot/initramfs-4.18.0-80.el8.x86_64.img | root=/dev/sda1 ro crashkernel=auto resume=/dev/sda2 rhgb quiet | 1-9
              {BootGuests.MachineId}-0-rescue | Red Hat Enterprise Linux (0-rescue) 8.0 (Ootpa) | - | - | root=/dev/sda1 ro crashkernel=auto resume=/dev/sda2 rhgb quiet | 1-9
            """,
            Describe(guest.BootLoader));
        Assert.Equal("4.18.0-80.el8.x86_64", guest.Kernels.Single(k => k.IsDefault).Version);
    }

    [Fact]
    public void Without_grubenv_the_arguments_are_grub_cfgs_own()
    {
        using var phony = BootGuests.RedHat8();
        phony.Root.Delete("/boot/grub2/grubenv");

        var menu = phony.Inspect().BootLoader.Menu;

        Assert.Equal("root=/dev/sda1 ro crashkernel=auto", string.Join(' ', menu.Default!.Arguments));
        Assert.Equal(menu.Entries[0], menu.Default);
    }

    [Fact]
    public void Rocky_9_with_uefi_has_a_stub_on_the_esp_and_boots_the_newest_entry()
    {
        using var phony = BootGuests.Rocky9Uefi();

        var guest = phony.Inspect();

        Assert.Equal("/boot/grub2/grub.cfg", guest.BootLoader.ConfigurationPath);
        Assert.Equal($"/boot/loader/entries/{BootGuests.MachineId}-5.14.0-427.13.1.el9_4.x86_64.conf", guest.BootLoader.Menu.Default!.File);
        Assert.Equal(
            ["* 5.14.0-427.13.1.el9_4.x86_64 /boot/initramfs-5.14.0-427.13.1.el9_4.x86_64.img", "  5.14.0-70.el9.x86_64 /boot/initramfs-5.14.0-70.el9.x86_64.img"],
            Kernels(guest));
    }

    [Fact]
    public void SLES_15_saves_its_default_by_title()
    {
        using var phony = BootGuests.Sles15();

        var menu = phony.Inspect().BootLoader.Menu;

        Assert.Equal(("gnulinux-simple-1", 6), (menu.Default!.Id, menu.Default.FirstLine));
        Assert.Equal("gnulinux-advanced-1>gnulinux-6.4.0-150600.21-default-recovery-1", menu.Entries[1].Id);
        Assert.True(menu.Entries[1].IsForRepair);
    }

    [Fact]
    public void Arch_boots_by_systemd_boot_with_a_pattern_and_counted_tries()
    {
        using var phony = BootGuests.Arch();

        var guest = phony.Inspect();

        Assert.Equal(
            """
            SystemdBoot /boot/loader/loader.conf
              arch.conf | Arch Linux | /boot/vmlinuz-linux | /boot/amd-ucode.img /boot/initramfs-linux.img | root=/dev/sda1 rw resume=/dev/sda2 | 1-6
            * arch-lts.conf | Arch Linux (LTS) | /boot/vmlinuz-linux-lts | /boot/initramfs-linux-lts.img | root=/dev/sda1 rw | 1-4
              arch-fallback.conf | Arch Linux (fallback) | /boot/vmlinuz-linux | /boot/initramfs-linux-fallback.img | root=/dev/sda1 rw | 1-4
            """,
            Describe(guest.BootLoader with { Menu = new BootMenu([.. guest.BootLoader.Menu.Entries.OrderBy(e => e.Title.Length)]) }));
        Assert.Equal(["  6.9.3-arch1-1 /boot/initramfs-linux.img", "* 6.6.32-1-lts /boot/initramfs-linux-lts.img"], Kernels(guest));
    }

    [Theory]
    [InlineData("", "b.conf")]
    [InlineData("default a", "a.conf")]
    [InlineData("default a.conf\n", "a.conf")]
    [InlineData("default @saved", "b.conf")]
    [InlineData("default nothing*", "b.conf")]
    public void Systemd_boot_sorts_by_sort_key_then_version_and_tried_entries_last(string configuration, string expected)
    {
        var files = new MemoryFileSystem().With("/boot/loader/loader.conf", configuration).With("/boot/k")
            .With("/boot/loader/entries/z+0-3.conf", "title z\nsort-key a\nversion 9\nlinux /k\n")
            .With("/boot/loader/entries/a.conf", "title a\nsort-key os\nversion 6.9\nlinux /k\n")
            .With("/boot/loader/entries/b.conf", "title b\nsort-key os\nversion 6.10\nlinux /k\n")
            .With("/boot/loader/entries/c.conf", "title c\nlinux /k\n");

        var menu = BootLoaders.Find(Tree(files), Firmware.Uefi).Menu;

        Assert.Equal(["b.conf", "a.conf", "c.conf", "z.conf"], menu.Entries.Select(e => e.Id));
        Assert.Equal(expected, menu.Default!.Id);
    }

    [Fact]
    public void Kernels_of_kernel_install_lie_in_directories_of_their_version()
    {
        using var phony = PhonyGuest.Create();
        phony.Modules("6.8.9-300.fc40.x86_64");
        phony.Root.With("/boot/loader/loader.conf", "timeout 5\n")
            .With("/boot/abc/6.8.9-300.fc40.x86_64/linux", "bzImage").With("/boot/abc/6.8.9-300.fc40.x86_64/initrd", "cpio")
            .With("/boot/loader/entries/abc-6.8.9-300.fc40.x86_64.conf",
                "title Fedora\nversion 6.8.9-300.fc40.x86_64\nmachine-id abc\nsort-key fedora\noptions root=UUID=1\nlinux /abc/6.8.9-300.fc40.x86_64/linux\ninitrd /abc/6.8.9-300.fc40.x86_64/initrd\n");

        var kernel = Assert.Single(phony.Inspect().Kernels);

        Assert.Equal(("/boot/abc/6.8.9-300.fc40.x86_64/linux", "/boot/abc/6.8.9-300.fc40.x86_64/initrd"), (kernel.ImagePath, kernel.InitramfsPath));
    }

    [Fact]
    public void Alpine_boots_by_extlinux()
    {
        using var phony = BootGuests.Alpine();

        var guest = phony.Inspect();

        Assert.Equal(
            """
            Extlinux /boot/extlinux.conf
            * lts | Linux lts | /boot/vmlinuz-lts | /boot/initramfs-lts | root=/dev/sda1 modules=sd-mod,usb-storage,ext4 quiet rootfstype=ext4 | 8-13
              virt | Linux virt | /boot/vmlinuz-virt | /boot/initramfs-virt | root=/dev/sda1 modules=sd-mod,usb-storage,ext4 quiet rootfstype=ext4 | 15-21
            """,
            Describe(guest.BootLoader));
        Assert.Equal(["  6.6.32-0-virt /boot/initramfs-virt", "* 6.6.32-0-lts /boot/initramfs-lts"], Kernels(guest));
    }

    [Fact]
    public void Extlinux_of_debian_includes_its_labels_and_takes_initrd_from_the_arguments()
    {
        var files = new MemoryFileSystem().With("/boot/v1").With("/boot/v2").With("/boot/i2")
            .With("/boot/extlinux/extlinux.conf", "default l1\nprompt 1\ninclude linux.cfg\ninclude extlinux.conf\ninclude missing.cfg\n")
            .With("/boot/extlinux/linux.cfg", "label l0\n\tkernel /boot/v1\n\tappend root=/dev/sda1 ro\nlabel l1\n\tmenu label Debian, ^2\n\tkernel ../v2\n\tappend initrd=/boot/i2 root=/dev/sda1 ro quiet\n");

        Assert.Equal(
            """
            Extlinux /boot/extlinux/extlinux.conf
              l0 | l0 | /boot/v1 | - | root=/dev/sda1 ro | 1-3
            * l1 | Debian, 2 | /boot/v2 | /boot/i2 | initrd=/boot/i2 root=/dev/sda1 ro quiet | 4-7
            """,
            Describe(BootLoaders.Find(Tree(files), Firmware.Bios)));
        Assert.Equal(["/boot/extlinux/extlinux.conf", "/boot/extlinux/linux.cfg"], Extlinux.Configurations(Tree(files)));
    }

    [Fact]
    public void Extlinux_starts_xen_by_mboot()
    {
        var files = new MemoryFileSystem().With("/boot/xen.gz").With("/boot/v").With("/boot/i")
            .With("/boot/extlinux.conf", "DEFAULT xen\nLABEL xen\n  KERNEL mboot.c32\n  APPEND /boot/xen.gz dom0_mem=256M --- /boot/v root=/dev/sda1 --- /boot/i\n");

        var entry = Assert.Single(BootLoaders.Find(Tree(files), Firmware.Bios).Menu.Entries);

        Assert.Equal((true, "/boot/v", "root=/dev/sda1", "/boot/i"), (entry.IsXenHypervisor, entry.KernelPath, string.Join(' ', entry.Arguments), entry.InitramfsPaths.Single()));
    }

    [Theory]
    [InlineData("/etc/lilo.conf", BootLoaderKind.Lilo)]
    [InlineData("/boot/efi/EFI/SuSE/elilo.conf", BootLoaderKind.Elilo)]
    [InlineData("/etc/zipl.conf", BootLoaderKind.Zipl)]
    [InlineData("/boot/efi/EFI/Linux/arch-linux.efi", BootLoaderKind.UnifiedKernelImage)]
    [InlineData("/etc/passwd", BootLoaderKind.Unknown)]
    public void What_is_not_read_is_recognised_by_name(string path, BootLoaderKind kind)
    {
        Assert.Equal(kind, BootLoaders.Find(Tree(new MemoryFileSystem().With(path, "x")), Firmware.Uefi).Kind);
    }

    [Fact]
    public void A_menu_with_entries_is_preferred_to_files_left_behind()
    {
        var files = new MemoryFileSystem().With("/etc/lilo.conf").With("/boot/grub/menu.lst", "title old\nkernel /boot/v\n").With("/boot/v")
            .With("/boot/grub/grub.cfg", "# nothing generated yet\n");

        Assert.Equal(BootLoaderKind.GrubLegacy, BootLoaders.Find(Tree(files), Firmware.Bios).Kind);
        files.With("/boot/grub2/grub.cfg", "menuentry 'new' {\n linux /boot/v\n}\n");
        Assert.Equal("/boot/grub2/grub.cfg", BootLoaders.Find(Tree(files), Firmware.Bios).ConfigurationPath);
    }

    [Fact]
    public void Unified_kernel_images_stand_in_systemd_boots_menu()
    {
        var files = new MemoryFileSystem().With("/efi/EFI/systemd/systemd-bootx64.efi").With("/efi/EFI/Linux/arch-6.9+3.efi", "MZ");

        var entry = BootLoaders.Find(Tree(files), Firmware.Uefi).Menu.Default!;

        Assert.Equal(("arch-6.9.efi", true, "/efi/EFI/Linux/arch-6.9+3.efi"), (entry.Id, entry.IsUnifiedImage, entry.File));
    }

    [Theory]
    [InlineData("default=1", null, "/boot/b")]
    [InlineData("default saved", "1\n#\n#\n", "/boot/b")]
    [InlineData("default saved", null, "/boot/a")]
    [InlineData("default 7", null, "/boot/a")]
    [InlineData("default=", null, "/boot/a")]
    public void Grub_legacys_default_is_a_number_or_saved(string setting, string? saved, string kernel)
    {
        var files = new MemoryFileSystem().With("/boot/a").With("/boot/b")
            .With("/boot/grub/menu.lst", setting + "\ntitle a\nkernel --no-mem-option (hd0,0)/boot/a ro\ntitle b\nkernel /boot/b ro\n");
        if (saved is not null)
        {
            files.With("/boot/grub/default", saved);
        }

        Assert.Equal(kernel, BootLoaders.Find(Tree(files), Firmware.Bios).Menu.Default!.KernelPath);
    }

    [Fact]
    public void An_esp_that_fstab_does_not_mention_is_mounted_as_systemd_would()
    {
        using var phony = PhonyGuest.Create();
        phony.Root.WithDirectory("/efi");
        var esp = MemoryVolume.Partition(0, 3) with { Kind = VolumeKind.GptPartition, GptType = GptPartitionTypes.EfiSystem };
        phony.Add(esp, new MemoryFileSystem("vfat", "ABCD-1234").With("/loader/loader.conf", "").With("/loader/entries/x.conf", "linux /v\n"));

        var guest = phony.Inspect();

        Assert.Equal("/efi", guest.Volumes[2].MountPoint);
        Assert.Equal("/efi/loader/loader.conf", guest.BootLoader.ConfigurationPath);
    }

    [Theory]
    [InlineData("5.14.0-70.el9", "5.14.0-427.el9")]
    [InlineData("5.14.0-70.el9", "5.14.0-70.22.1.el9_0")]
    [InlineData("5.14.0~rc1", "5.14.0")]
    [InlineData("m-0-rescue", "m-4.18")]
    [InlineData("4.9.007", "4.9.8")]
    public void Bls_files_are_ordered_as_rpm_orders_versions(string older, string newer)
    {
        Assert.True(RpmVersionOrder.Compare(older, newer) < 0);
        Assert.True(RpmVersionOrder.Compare(newer, older) > 0);
        Assert.Equal(0, RpmVersionOrder.Compare(newer, newer.Replace('-', '.')));
    }

    /// <summary>Ten thousand files in which bytes were changed, lost and repeated: whatever is found, it is found quickly.</summary>
    [Fact]
    public void Damaged_configurations_end_quickly()
    {
        var random = new Random(20240101);
        PhonyGuest[] guests = [BootGuests.CentOS5Xen(), BootGuests.RedHat8(), BootGuests.Sles15(), BootGuests.Debian12Dom0(), BootGuests.Alpine(), BootGuests.Arch()];
        foreach (var phony in guests)
        {
            var tree = phony.Inspect().Root;
            var boot = tree.Mounts.SelectMany(m => ((MemoryFileSystem)m.FileSystem).Listing().Select(l => l.Split(' ')[0]).Select(p => (m.FileSystem, Path: p)))
                .Where(f => f.Path.EndsWith(".cfg") || f.Path.EndsWith(".conf") || f.Path.EndsWith("menu.lst") || f.Path.EndsWith("grubenv"))
                .Where(f => f.FileSystem.Find(f.Path) is { IsRegular: true, Length: > 0 })
                .Select(f => (Files: (WritableGuestFileSystem)f.FileSystem, f.Path, Content: f.FileSystem.ReadAllBytes(f.Path))).ToArray();
            for (var i = 0; i < 10_000 / guests.Length + 1; i++)
            {
                var (files, path, content) = boot[random.Next(boot.Length)];
                files.WriteAllBytes(path, Mutate(random, content));
                var started = Stopwatch.GetTimestamp();
                _ = BootLoaders.Find(tree, random.Next(2) == 0 ? Firmware.Uefi : Firmware.Bios);
                Watchdog.Check(started, path);
                files.WriteAllBytes(path, content);
            }

            phony.Dispose();
        }
    }

    [Theory]
    [InlineData("/boot/grub/grub.cfg", "menuentry 'x' {\n")]
    [InlineData("/boot/grub/grub.cfg", "menuentry 'x' {\n linux /v\n}\n")]
    [InlineData("/boot/grub/menu.lst", "title x\nkernel /v root=/dev/sda1\n")]
    [InlineData("/boot/extlinux.conf", "LABEL x\nKERNEL v\nINCLUDE extlinux.conf\n")]
    [InlineData("/boot/extlinux.conf", "MENU MENU MENU MENU ")]
    public void A_configuration_of_four_megabytes_ends_quickly(string path, string piece)
    {
        var files = new MemoryFileSystem().With("/boot/v").With(path, string.Concat(Enumerable.Repeat(piece, (4 << 20) / piece.Length)));
        var started = Stopwatch.GetTimestamp();

        var found = BootLoaders.Find(Tree(files), Firmware.Bios);

        Assert.True(found.Menu.Entries.Count <= 1000);
        Watchdog.Check(started, path);
    }

    internal static byte[] Mutate(Random random, byte[] content)
    {
        var bytes = content.ToList();
        for (var n = random.Next(1, 8); n > 0 && bytes.Count > 0; n--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, random.Next(1, Math.Min(100, bytes.Count - at) + 1));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, random.Next(1, Math.Min(200, bytes.Count - at) + 1)));
                    break;
                default:
                    bytes.Insert(at, "\n{}'\"\\>=#$"u8[random.Next(10)]);
                    break;
            }
        }

        return [.. bytes];
    }

    private static GuestRoot Tree(MemoryFileSystem files) => new([new GuestMount("/", files, MemoryVolume.Partition(0, 1))]);

    private static string Describe(BootLoader loader) => string.Join(Environment.NewLine,
    [
        $"{loader.Kind} {loader.ConfigurationPath}",
        .. loader.Menu.Entries.Select(e =>
            $"{(e.IsDefault ? "*" : " ")} {e.Id} | {e.Title} | {e.KernelPath ?? "-"}{(e.IsXenHypervisor ? " under Xen" : "")} | "
            + $"{(e.InitramfsPaths.Count == 0 ? "-" : string.Join(' ', e.InitramfsPaths))} | {string.Join(' ', e.Arguments)} | {e.FirstLine}-{e.LastLine}"),
    ]);

    private static IEnumerable<string> Kernels(InspectedGuest guest) =>
        guest.Kernels.Select(k => $"{(k.IsDefault ? "*" : " ")} {k.Version}{(k.IsXenOnly ? " only under Xen" : "")} {k.InitramfsPath}");
}
