using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Initramfs;
using V2V.Engine.Conversion.Linux;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Tests.Conversion.Initramfs;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Inspection;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux;

/// <summary>Guests in memory whose modules and images are small enough to be written by hand; only cpio is another program's.</summary>
public sealed class AddVirtioToInitramfsTests : IDisposable
{
    private const string Kernel = "6.1.0-18-amd64";
    private const string OlderKernel = "5.10.0-1-amd64";
    private const string ImagePath = $"/boot/initrd.img-{Kernel}";

    private readonly Workshop _workshop = new();
    private readonly MemoryFileSystem _files = new();
    private readonly List<InstalledKernel> _kernels = [];
    private BootMenu _menu = BootMenu.Empty;
    private IReadOnlyList<GuestVolume> _volumes = [];

    public void Dispose()
    {
        _files.Dispose();
        _workshop.Dispose();
    }

    [Fact]
    public void Virtio_is_appended_and_the_change_says_what_and_why()
    {
        AddKernel(Kernel, isDefault: true, Image(Kernel));
        var before = _files.ReadAllBytes(ImagePath);
        _files.SetAttributes(ImagePath, new GuestFileAttributes { Mode = 0x180, UserId = 3, GroupId = 4 });
        _files.SetExtendedAttribute(ImagePath, "security.selinux", [1, 2]);

        var context = Run();

        var after = _files.ReadAllBytes(ImagePath);
        Assert.Equal(before, after[..before.Length]);
        var tree = InitramfsReader.Read(after, cancellation: TestContext.Current.CancellationToken).Tree;
        Assert.True(tree.FileExists($"usr/lib/modules/{Kernel}/kernel/drivers/block/virtio_blk.ko"));
        var file = _files.Find(ImagePath)!;
        Assert.Equal((0x180, 3u, 4u), (file.Mode, file.UserId, file.GroupId));
        Assert.Equal([1, 2], _files.ExtendedAttributes(ImagePath)["security.selinux"]);

        var change = Assert.Single(context.Changes);
        Assert.Equal((ChangeKind.Modified, ImagePath, "added virtio, virtio_pci, virtio_blk"), (change.Kind, change.Path, change.What));
        Assert.Contains("virtio_blk drives virtio disks", change.Why);
        Assert.Empty(context.Concerns);
        Assert.Equal(DiskBus.Virtio, context.Hardware.DiskBus);
    }

    [Fact]
    public void A_second_run_changes_nothing()
    {
        AddKernel(Kernel, isDefault: true, Image(Kernel));
        Run();
        var listing = _files.Listing();
        Assert.Empty(Run().Changes);
        Assert.Equal(listing, _files.Listing());
    }

    [Fact]
    public void Every_kernel_is_seen_to_and_an_older_one_without_virtio_is_only_mentioned()
    {
        AddKernel(OlderKernel, isDefault: false, Image(OlderKernel));
        AddKernel(Kernel, isDefault: true, Image(Kernel));
        AddKernel("4.0.0", isDefault: false, Image("4.0.0"), without: "virtio_blk");

        var context = Run();

        Assert.Equal([ImagePath, $"/boot/initrd.img-{OlderKernel}"], context.Changes.Select(c => c.Path));
        var concern = Assert.Single(context.Concerns);
        Assert.Equal((ConcernSeverity.Warning, "KernelWithoutVirtio"), (concern.Severity, concern.Id));
        Assert.Contains("4.0.0", concern.Message);
        Assert.Equal(DiskBus.Virtio, context.Hardware.DiskBus);
    }

    [Fact]
    public void The_checksum_that_update_initramfs_keeps_follows_the_image()
    {
        AddKernel(Kernel, isDefault: true, Image(Kernel));
        _files.With($"/var/lib/initramfs-tools/{Kernel}", $"{new string('a', 40)}  {ImagePath}\n");
        Run();
#pragma warning disable CA5350 // The guest's own format.
        var checksum = Convert.ToHexStringLower(SHA1.HashData(_files.ReadAllBytes(ImagePath)));
#pragma warning restore CA5350
        Assert.Equal($"{checksum}  {ImagePath}\n", _files.Text($"/var/lib/initramfs-tools/{Kernel}"));
    }

    [Fact]
    [Shows("DiskBusLowered")]
    public void Without_room_for_old_and_new_the_image_stays_and_disks_become_SATA()
    {
        AddKernel(Kernel, isDefault: true, Image(Kernel));
        _files.Capacity = _files.Capacity - _files.Space.FreeBytes + 1000;
        var listing = _files.Listing();

        var context = Run();

        Assert.Equal(listing, _files.Listing());
        Assert.Equal((DiskBus.Sata, "q35"), (context.Hardware.DiskBus, context.Hardware.Machine));
        var concern = Assert.Single(context.Concerns);
        Assert.Equal((ConcernSeverity.Warning, "DiskBusLowered"), (concern.Severity, concern.Id));
        Assert.Contains("free", concern.Message);
        Assert.NotNull(concern.Advice);
    }

    [Fact]
    public void A_default_kernel_whose_image_knows_only_IDE_gets_IDE_on_the_pc_machine()
    {
        AddKernel(Kernel, isDefault: true, Image(Kernel, "scripts=no", "ata_piix", "sd_mod"));
        var context = Run();
        Assert.Equal((DiskBus.Ide, "pc"), (context.Hardware.DiskBus, context.Hardware.Machine));
        Assert.Contains("unknown program", Assert.Single(context.Concerns).Message);
    }

    [Fact]
    public void A_UEFI_guest_is_not_given_IDE()
    {
        AddKernel(Kernel, isDefault: true, Image(Kernel, "scripts=no", "ata_piix", "sd_mod"));
        var error = Assert.Throws<ConversionException>(() => Run(Firmware.Uefi));
        Assert.Equal(V2VError.GuestUnsupported, error.Error);
        Assert.NotNull(error.Advice);
    }

    [Theory]
    [InlineData("garbage", "neither")]
    [InlineData("", "no directory")]
    public void A_default_image_that_cannot_be_read_stops_the_conversion(string content, string message)
    {
        AddKernel(Kernel, isDefault: true, Encoding.ASCII.GetBytes(content));
        var error = Assert.Throws<ConversionException>(() => Run());
        Assert.Contains(message, error.Message);
        Assert.Equal(ImagePath, error.Path);
        Assert.NotNull(error.Advice);
    }

    [Fact]
    public void Modules_of_another_version_than_the_kernels_are_refused()
    {
        AddKernel(Kernel, isDefault: true, Image(Kernel));
        _files.WriteAllBytes($"/boot/vmlinuz-{Kernel}", BzImage("6.1.0-99-amd64"));
        Assert.Contains("6.1.0-99-amd64", Assert.Single(Run().Concerns).Message);
    }

    [Fact]
    public void An_lz4_image_of_an_old_kernel_that_cannot_unpack_gzip_stays_as_it_is()
    {
        AddKernel(OlderKernel, isDefault: true, _workshop.Compress(Image(OlderKernel), "lz4 -q -l"));
        _files.With($"/boot/config-{OlderKernel}", "# CONFIG_RD_GZIP is not set\nCONFIG_RD_LZ4=y\n");
        var context = Run();
        Assert.Equal(DiskBus.Sata, context.Hardware.DiskBus);
        Assert.Contains("gzip", Assert.Single(context.Concerns).Message);

        _files.WriteAllText($"/boot/config-{OlderKernel}", "CONFIG_RD_GZIP=y\n");
        Assert.Equal(DiskBus.Virtio, Run().Hardware.DiskBus);
        Assert.Equal(InitramfsCompression.Gzip, InitramfsMagic.RecogniseCompression(_files.ReadAllBytes($"/boot/initrd.img-{OlderKernel}")));
    }

    [Fact]
    public void An_lz4_image_of_a_kernel_that_knows_its_end_is_appended_to()
    {
        var original = _workshop.Compress(Image(Kernel), "lz4 -q -l");
        AddKernel(Kernel, isDefault: true, original);
        Assert.Equal(DiskBus.Virtio, Run().Hardware.DiskBus);
        var after = _files.ReadAllBytes(ImagePath);
        Assert.Equal(original, after[..original.Length]);
        Assert.True(after.AsSpan(original.Length, 8).IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public void A_bus_that_was_chosen_before_is_made_possible_too()
    {
        AddKernel(Kernel, isDefault: true, Image(Kernel, "scripts=yes", "ata_piix", "sd_mod"));
        AddKernel(OlderKernel, isDefault: false, Image(OlderKernel, "scripts=yes", "ata_piix", "sd_mod"));
        var context = Run(bus: DiskBus.Sata);
        Assert.Equal(DiskBus.Sata, context.Hardware.DiskBus);
        Assert.Equal(["added ahci", "added ahci"], context.Changes.Select(c => c.What));
    }

    [Fact]
    public void Disks_that_stay_on_SATA_keep_their_names()
    {
        AddKernel(Kernel, isDefault: true, _workshop.Archive(ImageScript(Kernel, "scripts=yes", "ahci", "sd_mod") + "mkdir -p conf/conf.d; echo RESUME=/dev/sda5 > conf/conf.d/resume\n"));
        Assert.Empty(Run(bus: DiskBus.Sata).Changes);

        // On virtio the name is gone, and no volume of this guest is known by it.
        Assert.Contains("conf/conf.d/resume corrected", Assert.Single(Run().Changes).What);
        Assert.Equal("RESUME=none\n", InitramfsReader.Read(_files.ReadAllBytes(ImagePath), cancellation: TestContext.Current.CancellationToken).Tree.ReadText("conf/conf.d/resume"));
    }

    [Fact]
    public void A_root_of_the_old_machine_is_dropped_where_the_boot_loader_names_one()
    {
        AddKernel(Kernel, isDefault: true, _workshop.Archive(ImageScript(Kernel, "scripts=yes", "virtio_pci", "virtio_blk") + "mkdir -p etc/cmdline.d; echo ' root=/dev/disk/by-id/scsi-1 ro' > etc/cmdline.d/95root-dev.conf\n"));
        _menu = new BootMenu([new BootMenuEntry { Title = "a", Id = "a", File = "/boot/grub/grub.cfg", KernelPath = $"/boot/vmlinuz-{Kernel}", Arguments = ["ro"] }]);
        Assert.Contains("/dev/disk/by-id/scsi-1", Assert.Throws<ConversionException>(() => Run()).Message);

        _menu = new BootMenu([.. _menu.Entries.Select(e => e with { Arguments = ["root=UUID=1"] })]);
        Run();
        Assert.Equal("  ro\n", InitramfsReader.Read(_files.ReadAllBytes(ImagePath), cancellation: TestContext.Current.CancellationToken).Tree.ReadText("etc/cmdline.d/95root-dev.conf"));
    }

    [Fact]
    public void A_filter_of_LVM_in_the_image_lets_the_new_disks_through()
    {
        AddKernel(Kernel, isDefault: true, _workshop.Archive(ImageScript(Kernel, "scripts=yes", "virtio_pci", "virtio_blk") + "mkdir -p etc/lvm; printf 'devices {\\n filter = [ \"a|^/dev/sda|\", \"r|.*|\" ]\\n}\\n' > etc/lvm/lvm.conf\n"));
        _volumes = [new GuestVolume { Volume = MemoryVolume.Partition(0, 2), ContentKind = "LVM2_member" }];
        Run();
        Assert.Contains("\"a:^/dev/[sv]d[a-z]+[0-9]*$:\", \"a|^/dev/sda|\"", InitramfsReader.Read(_files.ReadAllBytes(ImagePath), cancellation: TestContext.Current.CancellationToken).Tree.ReadText("etc/lvm/lvm.conf"));
    }

    [Fact]
    [Shows("InitramfsNotChecked")]
    public void An_image_that_cannot_be_read_is_mentioned_where_the_kernel_has_the_drivers_itself()
    {
        AddKernel(Kernel, isDefault: true, Encoding.ASCII.GetBytes("MZ garbage"));
        _kernels[0] = _kernels[0] with { Builtin = new HashSet<string> { "virtio_pci", "virtio_blk" } };
        var context = Run();
        Assert.Equal(DiskBus.Virtio, context.Hardware.DiskBus);
        var concern = Assert.Single(context.Concerns);
        Assert.Equal("InitramfsNotChecked", concern.Id);
        Assert.Contains("unified kernel image", concern.Message);
    }

    [Fact]
    public void An_IDE_driver_that_is_part_of_an_old_kernel_is_enough()
    {
        AddKernel("2.6.18-8.el5", isDefault: true, Image("2.6.18-8.el5", "scripts=no", "sd_mod"), without: "virtio_blk");
        _files.With("/boot/config-2.6.18-8.el5", "CONFIG_BLK_DEV_IDEDISK=y\nCONFIG_BLK_DEV_PIIX=y\n");
        var context = Run();
        Assert.Equal((DiskBus.Ide, "pc"), (context.Hardware.DiskBus, context.Hardware.Machine));
    }

    [Fact]
    public void An_ostree_deployment_is_refused_by_name()
    {
        AddKernel(Kernel, isDefault: true, Image(Kernel));
        _kernels[0] = _kernels[0] with { InitramfsPath = "/boot/ostree/fedora/initramfs.img" };
        Assert.Contains("ostree", Assert.Throws<ConversionException>(() => Run()).Message);
    }

    [Fact]
    public void A_kernel_without_an_image_is_fine_when_everything_is_built_in()
    {
        AddKernel(Kernel, isDefault: true, image: null);
        var lacking = Assert.Throws<ConversionException>(() => Run());
        Assert.Contains("has no initramfs", lacking.Message);

        _kernels[0] = _kernels[0] with { Builtin = new HashSet<string> { "virtio_pci", "virtio_blk" } };
        Assert.Empty(Run().Concerns);
    }

    [Fact]
    public void A_chosen_bus_with_an_image_that_cannot_be_read_is_only_mentioned()
    {
        AddKernel(Kernel, isDefault: true, Encoding.ASCII.GetBytes("garbage"));
        var context = Run(bus: DiskBus.Sata);
        Assert.Empty(context.Changes);
        Assert.Equal("InitramfsNotChecked", Assert.Single(context.Concerns).Id);
    }

    [Fact]
    public void The_guests_own_tools_are_told_to_keep_virtio()
    {
        AddKernel(Kernel, isDefault: true, image: null);
        foreach (var program in new[] { "/usr/sbin/update-initramfs", "/usr/bin/dracut", "/usr/bin/mkinitcpio" })
        {
            _files.With(program);
        }

        _files.With("/etc/initramfs-tools/modules", "# comment\nvirtio-blk\nloop max_loop=8").With("/etc/mkinitcpio.conf", "MODULES=()\nHOOKS=(base udev)\n");

        Apply(new KeepVirtioInInitramfs());

        Assert.Equal("# comment\nvirtio-blk\nloop max_loop=8\nvirtio_pci\n", _files.Text("/etc/initramfs-tools/modules"));
        Assert.Equal("add_drivers+=\" virtio_pci virtio_blk \"\n", _files.Text("/etc/dracut.conf.d/50-v2v-virtio.conf"));
        Assert.Equal("MODULES=()\nHOOKS=(base udev)\nMODULES+=(virtio_pci virtio_blk)\n", _files.Text("/etc/mkinitcpio.conf"));
        Assert.Empty(Apply(new KeepVirtioInInitramfs()).Changes);
    }

    [Fact]
    public void Mkinitcpio_is_told_in_a_drop_in_where_it_reads_such_and_in_a_string_where_it_has_one()
    {
        AddKernel(Kernel, isDefault: true, image: null);
        _files.With("/usr/bin/mkinitcpio").With("/etc/mkinitcpio.conf", "MODULES=\"ahci\"\n");
        Apply(new KeepVirtioInInitramfs());
        Assert.Equal("MODULES=\"ahci\"\nMODULES=\"$MODULES virtio_pci virtio_blk\"\n", _files.Text("/etc/mkinitcpio.conf"));

        _files.WithDirectory("/etc/mkinitcpio.conf.d");
        Apply(new KeepVirtioInInitramfs());
        Assert.Equal("MODULES+=(virtio_pci virtio_blk)\n", _files.Text("/etc/mkinitcpio.conf.d/v2v-virtio.conf"));
    }

    [Theory]
    [InlineData("INITRD_MODULES=\"mptspi ata_piix virtio-pci\"\nDOMU_INITRD_MODULES=\"xennet\"\n", "INITRD_MODULES=\"mptspi ata_piix virtio-pci virtio_blk\"\nDOMU_INITRD_MODULES=\"xennet\"\n")]
    [InlineData("## Type: string\nINITRD_MODULES=\"\"\n", "## Type: string\nINITRD_MODULES=\"virtio_pci virtio_blk\"\n")]
    [InlineData("KERNEL=\"x\"\n", "KERNEL=\"x\"\n")]
    public void SUSEs_mkinitrd_is_told_where_there_is_no_dracut(string before, string after)
    {
        AddKernel(Kernel, isDefault: true, image: null);
        _files.With("/sbin/mkinitrd").With("/etc/sysconfig/kernel", before);
        Apply(new KeepVirtioInInitramfs());
        Assert.Equal(after, _files.Text("/etc/sysconfig/kernel"));
        Assert.Empty(Apply(new KeepVirtioInInitramfs()).Changes);

        _files.With("/usr/bin/dracut").With("/etc/sysconfig/kernel", before);
        Apply(new KeepVirtioInInitramfs());
        Assert.Equal(before, _files.Text("/etc/sysconfig/kernel"));
    }

    [Fact]
    public void Alpines_mkinitfs_gets_its_feature_for_virtio()
    {
        AddKernel(Kernel, isDefault: true, image: null);
        _files.With("/sbin/mkinitfs").With("/etc/mkinitfs/features.d/virtio.modules").With("/etc/mkinitfs/mkinitfs.conf", "features=\"ata base ext4 scsi\"\n");
        Apply(new KeepVirtioInInitramfs());
        Assert.Equal("features=\"ata base ext4 scsi virtio\"\n", _files.Text("/etc/mkinitfs/mkinitfs.conf"));
        Assert.Empty(Apply(new KeepVirtioInInitramfs()).Changes);
    }

    [Fact]
    public void Tools_that_are_not_installed_are_not_configured()
    {
        AddKernel(Kernel, isDefault: true, image: null);
        _files.With("/etc/mkinitcpio.conf", "MODULES=()\n").WithDirectory("/etc/initramfs-tools");
        Assert.Empty(Apply(new KeepVirtioInInitramfs()).Changes);
    }

    private ConversionContext Run(Firmware firmware = Firmware.Bios, DiskBus bus = DiskBus.Virtio)
    {
        var context = Context(firmware);
        context.Hardware.DiskBus = bus;
        new AddVirtioToInitramfs().Apply(context);
        return context;
    }

    private ConversionContext Apply(ConversionStep step)
    {
        var context = Context(Firmware.Bios);
        Assert.True(step.AppliesTo(context.Guest));
        step.Apply(context);
        return context;
    }

    private ConversionContext Context(Firmware firmware)
    {
        var guest = new InspectedGuest
        {
            OperatingSystem = new OperatingSystemInfo { Family = OperatingSystemFamily.Linux, Distribution = "debian", ProductName = "Debian", Architecture = "x86_64" },
            Root = new GuestRoot([new GuestMount("/", _files, MemoryVolume.Partition(0, 1))]),
            Volumes = _volumes,
            Firmware = firmware,
            Kernels = _kernels,
            BootLoader = new BootLoader(BootLoaderKind.Grub2, null) { Menu = _menu },
        };
        var source = new SourceGuest { Name = "guest", SourceKind = "VMX", Path = "guest.vmx", Disks = [PhonyGuest.Disk()] };
        return new ConversionContext(guest, source, new TargetHardware());
    }

    private static readonly (string Name, string Directory, string Needs, string Alias)[] s_modules =
    [
        ("virtio", "virtio", "", ""),
        ("virtio_pci", "virtio", "virtio", "pci:v00001AF4d*sv*sd*bc*sc*i*"),
        ("virtio_blk", "block", "virtio", "virtio:d00000002v*"),
        ("ahci", "ata", "", "pci:v*d*sv*sd*bc01sc06i01*"),
        ("ata_piix", "ata", "", "pci:v00008086d00007010sv*sd*bc*sc*i*"),
        ("sd_mod", "scsi", "", "scsi:t-0x00*"),
    ];

    /// <summary>Gives the guest a kernel with modules, and an image.</summary>
    private void AddKernel(string version, bool isDefault, byte[]? image, string without = "")
    {
        var modules = s_modules.Where(m => m.Name != without).ToArray();
        var directory = $"/usr/lib/modules/{version}";
        _files.With($"/boot/vmlinuz-{version}", BzImage(version))
            .With($"{directory}/modules.dep", Dependencies(modules))
            .With($"{directory}/modules.alias", Aliases(modules));
        foreach (var module in modules)
        {
            _files.With($"{directory}/{PathOf(module.Name)}", [0x7F, .. Encoding.ASCII.GetBytes($"ELF {module.Name} of {version}")]);
        }

        if (image is not null)
        {
            _files.With($"/boot/initrd.img-{version}", image);
        }

        _kernels.Add(new InstalledKernel
        {
            Version = version,
            ImagePath = $"/boot/vmlinuz-{version}",
            InitramfsPath = image is null ? null : $"/boot/initrd.img-{version}",
            ModulesDirectory = directory,
            IsDefault = isDefault,
            Modules = modules.Select(m => m.Name).ToHashSet(),
            Builtin = new HashSet<string>(),
        });
    }

    /// <summary>An image of initramfs-tools (or, without its scripts, of nobody) with some modules; SATA's if none are named.</summary>
    private byte[] Image(string version, string scripts = "scripts=yes", params string[] names) => _workshop.Archive(ImageScript(version, scripts, names));

    private static string ImageScript(string version, string scripts, params string[] names)
    {
        var wanted = names.Length > 0 ? names : ["ahci", "sd_mod"];
        var modules = s_modules.Where(m => wanted.Contains(m.Name)).ToArray();
        var script = new StringBuilder($"mkdir -p conf usr/lib/systemd usr/lib/modules/{version}; ln -s usr/lib lib; echo > usr/lib/systemd/systemd-udevd\n");
        script.Append(scripts == "scripts=yes" ? "mkdir scripts; echo > scripts/functions\n" : "");
        script.Append($"cd usr/lib/modules/{version}\nprintf '{Dependencies(modules)}' > modules.dep\nprintf '{Aliases(modules)}' > modules.alias\n");
        foreach (var module in modules)
        {
            script.Append($"mkdir -p {Path.GetDirectoryName(PathOf(module.Name))}; echo > {PathOf(module.Name)}\n");
        }

        return script.Append("cd ../../../..\n").ToString();
    }

    private static string PathOf(string module) => $"kernel/drivers/{s_modules.Single(m => m.Name == module).Directory}/{module}.ko";

    private static string Dependencies(IEnumerable<(string Name, string Directory, string Needs, string Alias)> modules) =>
        string.Concat(modules.Select(m => $"{PathOf(m.Name)}:{(m.Needs.Length > 0 ? " " + PathOf(m.Needs) : "")}\n"));

    private static string Aliases(IEnumerable<(string Name, string Directory, string Needs, string Alias)> modules) =>
        string.Concat(modules.Where(m => m.Alias.Length > 0).Select(m => $"alias {m.Alias} {m.Name}\n"));

    /// <summary>The first bytes of a kernel as far as they tell its version.</summary>
    private static byte[] BzImage(string version)
    {
        var image = new byte[0x4000];
        "HdrS"u8.CopyTo(image.AsSpan(0x202));
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(0x20E), 0x3000);
        Encoding.ASCII.GetBytes($"{version} (builder) #1 SMP").CopyTo(image.AsSpan(0x3200));
        return image;
    }
}
