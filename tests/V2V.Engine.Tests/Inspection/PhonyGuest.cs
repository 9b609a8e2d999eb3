using V2V.Engine.Conversion;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Inspection;

/// <summary>A guest made of files in memory: enough of a distribution that it is recognised, and whatever a test adds.</summary>
internal sealed class PhonyGuest : IDisposable
{
    public const string RootUuid = "2571bb31-d227-4168-9194-c8c2798ec281";
    public const string SwapUuid = "0a1b2c3d-1111-2222-3333-444455556666";
    public const string Mac1 = "00:50:56:aa:00:01";
    public const string Mac2 = "00:50:56:aa:00:02";

    private readonly Dictionary<Volume, GuestFileSystem> _fileSystems = [];

    public MemoryFileSystem Root { get; } = new("ext4", RootUuid, "rootfs");

    public List<Volume> Volumes { get; } = [];

    public SourceGuest Source { get; set; } = new()
    {
        Name = "phony",
        SourceKind = "VMX",
        Path = "/vm/phony.vmx",
        Hypervisor = "VMware",
        Disks = [Disk()],
        NetworkAdapters = [new SourceNetworkAdapter(Mac1, "vmxnet3", "LAN", PciSlot: 192)],
    };

    public static SourceDisk Disk(DiskController controller = DiskController.Scsi, byte[]? content = null) => new()
    {
        Path = "/vm/disk.vmdk",
        Format = "vmdk",
        Capacity = 1 << 20,
        Controller = controller,
        Open = () => MemoryVolume.Partition(0, 1, content ?? VolumeImages.GrubSector()).Device,
    };

    /// <summary>Disk 1: partition 1 is the root, partition 2 swap.</summary>
    public static PhonyGuest Create(string debianVersion = "12.5")
    {
        var guest = new PhonyGuest();
        guest.Add(MemoryVolume.Partition(0, 1), guest.Root);
        guest.Add(MemoryVolume.Partition(0, 2, VolumeImages.Swap(SwapUuid)));
        guest.Root
            .With("/etc/fstab", $"UUID={RootUuid} / ext4 errors=remount-ro 0 1\n/dev/sda2 none swap sw 0 0\n")
            .With("/etc/hostname", "phony\n")
            .With("/etc/debian_version", debianVersion + "\n")
            .With("/bin/ls", Elf(62));
        return guest;
    }

    public static PhonyGuest Debian12()
    {
        var guest = Create();
        guest.Root
            .With("/usr/lib/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n")
            .WithLink("/etc/os-release", "../usr/lib/os-release")
            .With("/var/lib/dpkg/status", Packages(("udev", "252.22-1~deb12u1"), ("systemd", "252.22-1~deb12u1"), ("open-vm-tools", "2:12.2.0-1")))
            .With("/lib/systemd/systemd", "elf").WithLink("/sbin/init", "/lib/systemd/systemd");
        return guest.WithKernel("6.1.0-18-amd64").WithGrub("6.1.0-18-amd64");
    }

    public static PhonyGuest Debian9()
    {
        var guest = Create("9.13");
        guest.Root
            .With("/etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 9 (stretch)\"\nVERSION_ID=\"9\"\nID=debian\n")
            .With("/var/lib/dpkg/status", Packages(("udev", "232-25+deb9u12")))
            .With("/lib/systemd/systemd", "elf").WithLink("/sbin/init", "/lib/systemd/systemd");
        return guest.WithKernel("4.9.0-13-amd64").WithGrub("4.9.0-13-amd64");
    }

    /// <summary>Lenny: no os-release, GRUB legacy, SysV init, an IDE-style configuration.</summary>
    public static PhonyGuest Debian5()
    {
        var guest = Create("5.0.1");
        guest.Root
            .With("/var/lib/dpkg/status", Packages(("udev", "0.125-7+lenny3")))
            .With("/sbin/init", "elf")
            .With("/etc/inittab", "id:2:initdefault:\n1:2345:respawn:/sbin/getty 38400 tty1\nco:2345:respawn:/sbin/getty 38400 hvc0\n")
            .With("/boot/grub/menu.lst",
                "default\t\t0\n# kopt=root=/dev/sda1 ro\ntitle\t\tDebian GNU/Linux, kernel 2.6.26-2-686\nroot\t\t(hd0,0)\n"
                + "kernel\t\t/boot/vmlinuz-2.6.26-2-686 root=/dev/sda1 ro quiet\ninitrd\t\t/boot/initrd.img-2.6.26-2-686\n")
            .With("/boot/grub/device.map", "(hd0)\t/dev/sda\n");
        guest.Root.WriteAllBytes("/bin/ls", Elf(3));
        return guest.WithKernel("2.6.26-2-686", "kernel/drivers/block/virtio_blk.ko", "kernel/drivers/virtio/virtio_pci.ko", "kernel/drivers/net/virtio_net.ko");
    }

    public static PhonyGuest Ubuntu(string version, string codename, string kernel, string systemd)
    {
        var guest = Create("bookworm/sid");
        guest.Root
            .With("/etc/os-release", $"PRETTY_NAME=\"Ubuntu {version} LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"{version}\"\nVERSION_CODENAME={codename}\nID=ubuntu\nID_LIKE=debian\n")
            .With("/etc/lsb-release", $"DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE={version}\n")
            .With("/var/lib/dpkg/status", Packages(("udev", systemd), ("systemd", systemd)))
            .With("/lib/systemd/systemd", "elf").WithLink("/sbin/init", "../lib/systemd/systemd");
        return guest.WithKernel(kernel).WithGrub(kernel);
    }

    public static PhonyGuest Ubuntu1604() => Ubuntu("16.04", "xenial", "4.4.0-210-generic", "229-4ubuntu21.31");

    public static PhonyGuest Ubuntu2204() => Ubuntu("22.04", "jammy", "5.15.0-97-generic", "249.11-0ubuntu3.12");

    public PhonyGuest Add(Volume volume, GuestFileSystem? fileSystem = null)
    {
        Volumes.Add(volume);
        if (fileSystem is not null)
        {
            _fileSystems[volume] = fileSystem;
        }

        return this;
    }

    public PhonyGuest WithAdapters(params SourceNetworkAdapter[] adapters)
    {
        Source = Source with { NetworkAdapters = adapters };
        return this;
    }

    public PhonyGuest WithKernel(string version, params string[] modules)
    {
        modules = modules.Length > 0 ? modules :
        [
            "kernel/drivers/virtio/virtio.ko", "kernel/drivers/virtio/virtio_ring.ko", "kernel/drivers/virtio/virtio_pci.ko",
            "kernel/drivers/block/virtio_blk.ko", "kernel/drivers/net/virtio_net.ko", "kernel/drivers/scsi/virtio_scsi.ko",
            "kernel/drivers/char/hw_random/virtio-rng.ko", "kernel/drivers/virtio/virtio_balloon.ko",
            "kernel/drivers/ata/ahci.ko", "kernel/drivers/scsi/sd_mod.ko", "kernel/drivers/net/ethernet/intel/e1000/e1000.ko",
        ];
        Root.With($"/boot/vmlinuz-{version}", "bzImage").With($"/boot/initrd.img-{version}", "cpio")
            .With($"/lib/modules/{version}/modules.dep", string.Concat(modules.Select(m => m + ":\n")));
        foreach (var module in modules)
        {
            Root.With($"/lib/modules/{version}/{module}", "elf");
        }

        return this;
    }

    public PhonyGuest WithGrub(string version, string root = $"UUID={RootUuid}")
    {
        Root.With("/boot/grub/grub.cfg", GrubCfg(version, root));
        Root.With("/etc/default/grub", "GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\nGRUB_CMDLINE_LINUX=\"\"\n");
        return this;
    }

    public static string GrubCfg(string version, string root) =>
        $$"""
        if [ "${next_entry}" ] ; then
           set default="${next_entry}"
           set next_entry=
        else
           set default="0"
        fi
        function savedefault {
          saved_entry="${chosen}"
        }
        menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple' {
        	load_video
        	set root='hd0,msdos1'
        	linux	/boot/vmlinuz-{{version}} root={{root}} ro  quiet
        	initrd	/boot/initrd.img-{{version}}
        }
        submenu 'Advanced options' $menuentry_id_option 'gnulinux-advanced' {
        	menuentry 'Debian, with Linux {{version}}' --class debian $menuentry_id_option 'gnulinux-{{version}}-advanced' {
        		linux	/boot/vmlinuz-{{version}} root={{root}} ro  quiet
        		initrd	/boot/initrd.img-{{version}}
        	}
        	menuentry 'Debian, with Linux {{version}} (recovery mode)' --class debian $menuentry_id_option 'gnulinux-{{version}}-recovery' {
        		linux	/boot/vmlinuz-{{version}} root={{root}} ro single
        		initrd	/boot/initrd.img-{{version}}
        	}
        }

        """;

    public static string Packages(params (string Name, string Version)[] packages) => string.Concat(packages.Select(p =>
        $"Package: {p.Name}\nStatus: install ok installed\nPriority: optional\nArchitecture: amd64\nVersion: {p.Version}\nDescription: x\n more: text\n\n"));

    /// <summary>The first bytes of a program for <paramref name="machine"/>.</summary>
    public static byte[] Elf(ushort machine) => [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, (byte)machine, (byte)(machine >> 8), 1, 0, 0, 0];

    /// <summary>An EFI program for a machine (0x8664 is x64, 0x14C is 32-bit x86), with some text in it.</summary>
    public static byte[] Pe(ushort machine, string text)
    {
        var program = new byte[4096];
        "MZ"u8.CopyTo(program);
        program[0x3C] = 0x80;
        "PE\0\0"u8.CopyTo(program.AsSpan(0x80));
        (program[0x84], program[0x85]) = ((byte)machine, (byte)(machine >> 8));
        System.Text.Encoding.ASCII.GetBytes(text, program.AsSpan(0x400));
        return program;
    }

    /// <summary>Started by UEFI, with an EFI system partition that fstab mounts at /boot/efi.</summary>
    public PhonyGuest WithSystemPartition(GuestFileSystem fileSystem)
    {
        Source = Source with { Firmware = Firmware.Uefi };
        Root.WriteAllText("/etc/fstab", Root.ReadAllText("/etc/fstab") + $"UUID={fileSystem.Uuid} /boot/efi vfat umask=0077 0 1\n");
        Root.WithDirectory("/boot/efi");
        return Add(
            MemoryVolume.Partition(0, 3) with { Kind = VolumeKind.GptPartition, GptType = new Guid("c12a7328-f81f-11d2-ba4b-00a0c93ec93b") }, fileSystem);
    }

    public InspectedGuest Inspect(string? root = null) =>
        GuestInspector.Inspect(Source, Volumes, v => _fileSystems.GetValueOrDefault(v), root, TestContext.Current.CancellationToken);

    /// <summary>Inspects the guest and prepares the context that the pipeline would.</summary>
    public ConversionContext Context()
    {
        var hardware = new TargetHardware();
        for (var i = 0; i < Source.NetworkAdapters.Count; i++)
        {
            hardware.MacAddresses.Add(Source.NetworkAdapters[i].MacAddress ?? $"52:54:00:00:00:{i + 1:x2}");
        }

        return new ConversionContext(Inspect(), Source, hardware, TestContext.Current.CancellationToken);
    }

    /// <summary>Runs one step, if it applies.</summary>
    public ConversionContext Run(ConversionStep step)
    {
        var context = Context();
        if (step.AppliesTo(context.Guest))
        {
            step.Apply(context);
        }

        return context;
    }

    public void Dispose()
    {
        foreach (var fileSystem in _fileSystems.Values)
        {
            fileSystem.Dispose();
        }
    }
}
