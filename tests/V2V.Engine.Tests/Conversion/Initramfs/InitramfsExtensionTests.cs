using System.Text;
using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Initramfs;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Initramfs;

/// <summary>
/// Images like those of the real generators, made of an installed kernel's modules by depmod and cpio, are extended and then taken apart by
/// cpio; modprobe has to find in them what it could not before.
/// </summary>
public sealed class InitramfsExtensionTests : IDisposable
{
    private const string VirtioDisk = "virtio:d00000002v00001AF4";
    private const string VirtioPci = "pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00";

    private static readonly string[] Drivers = ["virtio_pci", "virtio_blk", "virtio_scsi"];

    private static readonly InitramfsNeeds Virtio = InitramfsNeeds.For(DiskBus.Virtio);

    private readonly Workshop _workshop = new();
    private readonly InstalledModules _installed = InstalledModules.Find();

    public InitramfsExtensionTests()
    {
        ExternalTool.Need("depmod");
        ExternalTool.Need("modprobe");
    }

    public void Dispose() => _workshop.Dispose();

    [Theory]
    [InlineData("cat")]
    [InlineData("gzip -9n")]
    [InlineData("bzip2")]
    [InlineData("xz --check=crc32 -1")]
    [InlineData("xz --check=crc32 -T2 --block-size=4MiB")]
    [InlineData("lzma -1")]
    [InlineData("zstd -q")]
    [InlineData("lz4 -q -l")]
    [InlineData("lz4 -q -l", true)]
    public void Modprobe_finds_virtio_in_the_extended_image(string command, bool rewriteLz4 = false)
    {
        var plain = _workshop.Archive(InitramfsTools("ahci", "sd_mod", "ext4"));
        var early = _workshop.Archive("mkdir -p kernel/x86/microcode; printf code > kernel/x86/microcode/GenuineIntel.bin");
        byte[] original = [.. early, .. _workshop.Compress(plain, command)];

        var (extended, plan) = Extend(original, rewriteLz4: rewriteLz4);

        // Which modules these are is for modprobe to say, below; at least the drivers are there, after what they need.
        Assert.Equal(["virtio_pci", "virtio_blk", "virtio_scsi"], plan.Modules.Select(m => m.Name).Where(Drivers.Contains));
        Assert.Equal("virtio_scsi", plan.Modules[^1].Name);
        Assert.All(plan.Modules, m => Assert.StartsWith($"usr/lib/modules/{_installed.Version}/kernel/", m.Path));
        Assert.Equal("drives virtio disks", plan.Modules.Single(m => m.Name == "virtio_blk").Why);
        Assert.Contains("virtio_blk", plan.Modules.Single(m => m.Name == "virtio_ring").Why);

        var kept = rewriteLz4 ? early.Length : original.Length;
        Assert.Equal(original[..kept], extended[..kept]);
        if (kept < original.Length)
        {
            // Everything decodes to what it was, but by gzip.
            _workshop.Save("rest", extended.AsSpan(kept));
            Assert.Equal(InitramfsCompression.Gzip, InitramfsMagic.RecogniseCompression(extended.AsSpan(kept)));
        }

        var root = Unpack(plain, extended, original.Length, kept == original.Length);
        AssertSameModules(root, "virtio_blk", "virtio_pci", "virtio_scsi", "sd_mod", "ahci", "ext4", VirtioDisk, VirtioPci, "scsi:t-0x00");
    }

    [Theory]
    [InlineData("modules.dep.bin", "modules.alias.bin")]
    [InlineData("modules.dep", "modules.alias")]
    public void Images_and_kernels_with_one_form_of_the_indexes_are_enough(string dependencies, string aliases)
    {
        // mkinitcpio leaves only the binary form in its images.
        var plain = _workshop.Archive($"{InitramfsTools("ahci", "sd_mod")}\nrm usr/lib/modules/*/{dependencies} usr/lib/modules/*/{aliases}");
        var other = dependencies.EndsWith(".bin", StringComparison.Ordinal) ? "modules.dep" : "modules.dep.bin";
        var (extended, plan) = Extend(plain, _installed.Open(without: dependencies));
        Assert.Contains($"usr/lib/modules/{_installed.Version}/{other}", plan.Replaced.Keys);
        Assert.DoesNotContain($"usr/lib/modules/{_installed.Version}/{dependencies}", Workshop.Read(extended).Tree.Enumerate().Select(e => e.Path));
    }

    [Fact]
    public void A_complete_image_is_left_alone()
    {
        var plan = Plan(_workshop.Archive(InitramfsTools("virtio_pci", "virtio_blk")));
        Assert.True(plan.IsEmpty);
        Assert.Equal(InitramfsGenerator.InitramfsTools, plan.Generator);
    }

    [Fact]
    public void A_kernel_with_virtio_built_in_needs_nothing_whatever_its_image_is()
    {
        var kernel = new KernelModules("1.0", new HashSet<string> { "virtio_pci", "virtio_blk" }, path => path == "modules.dep" ? [] : null);
        Assert.True(InitramfsPlanner.Plan(Workshop.Read(_workshop.Archive("echo > init")).Tree, kernel, Virtio, KnownDisks.None).IsEmpty);
    }

    [Fact]
    public void A_missing_index_entry_is_added_without_storing_the_module_twice()
    {
        var plain = _workshop.Archive($$"""
            {{InitramfsTools("virtio_pci", "virtio_blk")}}
            cd usr/lib/modules/*; mv kernel/drivers/block/virtio_blk.ko* ..; depmod -b ../../../.. {{_installed.Version}}; mv ../virtio_blk.ko* kernel/drivers/block; cd ../../../..
            """);
        var (extended, plan) = Extend(plain);
        Assert.DoesNotContain("virtio_blk", plan.Modules.Select(m => m.Name));
        AssertSameModules(Unpack(plain, extended, plain.Length), "virtio_blk", VirtioDisk);
    }

    [Fact]
    public void An_index_with_a_hard_link_is_replaced_alone()
    {
        var plain = _workshop.Archive($"{InitramfsTools("ahci", "sd_mod")}\nln usr/lib/modules/*/modules.dep usr/lib/twin");
        var (extended, _) = Extend(plain);
        var tree = Workshop.Read(extended).Tree;
        Assert.Equal(Workshop.Read(plain).Tree.Find("usr/lib/twin")!.Checksum, tree.Find("usr/lib/twin")!.Checksum);
        Assert.NotEqual(tree.Find("usr/lib/twin")!.Checksum, tree.Find($"lib/modules/{_installed.Version}/modules.dep")!.Checksum);
    }

    [Fact]
    public void Without_udev_initramfs_tools_is_told_what_to_load()
    {
        var plain = _workshop.Archive($"{InitramfsTools("ahci", "sd_mod")}\nrm usr/lib/systemd/systemd-udevd; printf 'ahci\\nloop max_loop=8' > conf/modules");
        var (extended, _) = Extend(plain);
        Assert.Equal("ahci\nloop max_loop=8\nvirtio_pci\nvirtio_blk\nvirtio_scsi\nsd_mod\n", Workshop.Read(extended).Tree.ReadText("conf/modules"));
    }

    [Fact]
    public void Without_udev_mkinitcpio_is_told_what_to_load()
    {
        var plain = _workshop.Archive($"{Modules("usr/lib", "ahci", "sd_mod")}\nln -s usr/lib lib\necho > buildconfig; echo 'MODULES=\"ahci\"' > config");
        var (extended, plan) = Extend(plain);
        Assert.Equal(InitramfsGenerator.Mkinitcpio, plan.Generator);
        Assert.Equal("ahci virtio_pci virtio_blk virtio_scsi sd_mod", _workshop.Shell($"printf '%s' '{Workshop.Read(extended).Tree.ReadText("config")}' > c; . ./c; printf %s \"$MODULES\""));
    }

    [Theory]
    [InlineData("mkdir -p usr/sbin; echo > usr/sbin/nlplug-findfs", InitramfsGenerator.Mkinitfs)]
    [InlineData("mkdir -p sbin config boot; echo > sbin/udevd; echo > run_all.sh", InitramfsGenerator.SuseMkinitrd)]
    [InlineData("mkdir -p usr/lib/systemd; echo > usr/lib/systemd/systemd-udevd; echo > buildconfig; echo > config", InitramfsGenerator.Mkinitcpio)]
    internal void Images_of_other_generators_are_extended_too(string script, InitramfsGenerator generator)
    {
        var plain = _workshop.Archive($"{Modules("usr/lib", "ahci", "sd_mod")}\nln -s usr/lib lib\n{script}");
        var (extended, plan) = Extend(plain);
        Assert.Equal(generator, plan.Generator);
        AssertSameModules(Unpack(plain, extended, plain.Length), "virtio_blk", "virtio_scsi", "ahci", VirtioPci);
        Assert.True(Plan(extended).IsEmpty);
    }

    [Fact]
    public void Modules_in_an_uncompressed_first_part_are_seen()
    {
        // mkinitcpio 40 and later leave compressed modules out of the compressed archive.
        var early = _workshop.Archive($"{Modules("usr/lib", "virtio_pci", "virtio_blk")}\nln -s usr/lib lib");
        var main = _workshop.Archive("mkdir -p usr/lib/systemd; echo > usr/lib/systemd/systemd-udevd; echo > buildconfig; echo > config");
        Assert.True(Plan([.. early, .. _workshop.Compress(main, "zstd -q")]).IsEmpty);
    }

    [Theory]
    [InlineData("moduledependencies:\n    ahci:\n        - libahci\n        - libata\nbuiltinmodules:\n    - ext2\n")]
    [InlineData("moduledependencies:\n  ahci:\n    - libahci\nkernel: KERNEL\n")]
    [InlineData("kernel: KERNEL\nmounttimeout: 180")]
    public void Boosters_own_tables_lead_to_the_modules(string configuration)
    {
        ExternalTool.Need("python3");
        configuration = configuration.Replace("KERNEL", _installed.Version, StringComparison.Ordinal);
        var ahci = _installed.Open().Find("ahci")!;
        var plain = _workshop.Archive($"mkdir -p etc usr/lib/modules; cp {_installed.Folder}/{ahci.Path} usr/lib/modules/ahci.ko; printf 'pci:v*d*sv*sd*bc01sc06i01* ahci\n' > usr/lib/modules/booster.alias; printf '{configuration}' > etc/booster.init.yaml");
        var (extended, plan) = Extend(plain);

        Assert.Equal(InitramfsGenerator.Booster, plan.Generator);
        Assert.All(plan.Modules, m => Assert.Equal($"usr/lib/modules/{m.Name}.ko", m.Path));
        var root = Unpack(plain, extended, plain.Length, isLinked: false);
        Assert.Contains("virtio:d00000002v* virtio_blk\n", File.ReadAllText($"{root}/usr/lib/modules/booster.alias"));
        Assert.StartsWith(configuration.Split('\n')[0], File.ReadAllText($"{root}/etc/booster.init.yaml"), StringComparison.Ordinal);
        Assert.Contains("virtio_blk:\n", File.ReadAllText($"{root}/etc/booster.init.yaml"));
        Assert.True(Plan(extended).IsEmpty);
    }

    [Fact]
    public void A_script_of_nash_that_loads_the_IDE_driver_needs_nothing_for_IDE()
    {
        var modules = string.Join(' ', _installed.Open().Closure(["ata_piix", "sd_mod"]).Select(m => m.Name));
        var tree = Workshop.Read(_workshop.Archive(
            $"mkdir -p lib/modules; printf '#!/bin/nash\\n' > init; for m in {modules}; do echo > lib/$m.ko; echo \"insmod /lib/$m.ko \" >> init; done")).Tree;
        Assert.Equal(InitramfsGenerator.Nash, InitramfsGenerators.Recognise(tree));
        Assert.True(InitramfsPlanner.Plan(tree, _installed.Open(), InitramfsNeeds.For(DiskBus.Ide), KnownDisks.None).IsEmpty);
        Assert.Throws<ConversionException>(() => InitramfsPlanner.Plan(tree, _installed.Open(), InitramfsNeeds.For(DiskBus.Sata), KnownDisks.None));
    }

    [Fact]
    public void A_script_of_nash_loads_virtio_before_it_looks_for_the_root()
    {
        const string Script = """
            #!/bin/nash
            mount -t proc /proc /proc
            hotplug
            mkblkdevs
            echo "Loading sd_mod.ko module"
            insmod /lib/sd_mod.ko
            mkblkdevs
            echo Scanning logical volumes
            lvm vgscan --ignorelockingfailure
            resume /dev/xvda2
            mkrootdev -t ext3 -o defaults,ro /dev/xvda1
            mount /sysroot
            switchroot

            """;
        _workshop.Save("script", Encoding.ASCII.GetBytes(Script));
        var plain = _workshop.Archive($"mkdir lib; cp ../script init; cp {_installed.Folder}/{_installed.Open().Find("sd_mod")!.Path} lib");
        var names = new KnownDisks(("/dev/xvda1", "UUID=1111"));
        var tree = Workshop.Read(plain).Tree;
        var plan = InitramfsPlanner.Plan(tree, _installed.Open(), Virtio, names);

        var modules = _installed.Open().Closure(["virtio_pci", "virtio_blk"]).Select(m => m.Name).ToList();
        Assert.Equal(modules.Select(m => $"lib/{m}.ko"), plan.Modules.Select(m => m.Path));
        var loads = string.Concat(modules.Select(m => $"echo \"Loading {m}.ko module\"\ninsmod /lib/{m}.ko\n"));
        var expected = Script.Replace("lvm vgscan", $"{loads}mkblkdevs\nlvm vgscan", StringComparison.Ordinal)
            .Replace("resume /dev/xvda2", "# resume /dev/xvda2", StringComparison.Ordinal)
            .Replace("/dev/xvda1", "UUID=1111", StringComparison.Ordinal);
        Assert.Equal(expected, Encoding.ASCII.GetString(plan.Replaced["init"]));

        var image = new InitramfsImage(plain);
        var contents = Workshop.Read(plain);
        var extended = InitramfsExtension.Build(image, contents, plan, rewriteLz4: false);
        InitramfsExtension.Verify(extended.Content, contents, plan, _installed.Open(), isRewritten: false, TestContext.Current.CancellationToken);
        Assert.True(InitramfsPlanner.Plan(Workshop.Read([.. extended.Content]).Tree, _installed.Open(), Virtio, names).IsEmpty);
    }

    [Fact]
    public void A_dracut_image_that_is_not_usr_merged_is_extended_in_its_lib()
    {
        var plain = _workshop.Archive($"{Modules("lib", "ahci", "sd_mod")}\nmkdir -p usr/lib/dracut/hooks usr/bin; echo > usr/bin/udevadm");
        var (extended, plan) = Extend(plain);
        Assert.Equal(InitramfsGenerator.Dracut, plan.Generator);
        Assert.All(plan.Modules, m => Assert.StartsWith($"lib/modules/{_installed.Version}/kernel/", m.Path));
        AssertSameModules(Unpack(plain, extended, plain.Length), "virtio_blk", VirtioPci);
    }

    [Theory]
    [InlineData("gzip -9n", ".gz")]
    [InlineData("xz --check=crc32", ".xz")]
    [InlineData("zstd -q", ".zst")]
    public void Compressed_modules_are_stored_uncompressed(string command, string extension)
    {
        ExternalTool.Need(command.Split(' ')[0]);
        var virtioBlk = _installed.Open().Find("virtio_blk")!;
        _workshop.Shell($"{command} < {_installed.Folder}/{virtioBlk.Path} > packed");
        // The guest's own tree with one module compressed, as its modules.dep says.
        var kernel = new KernelModules(_installed.Version, _installed.Builtin(), path =>
            path == virtioBlk.Path + extension ? _workshop.Bytes("packed")
            : path == "modules.dep" ? Encoding.UTF8.GetBytes(File.ReadAllText($"{_installed.Folder}/{path}").Replace($"{virtioBlk.Path}:", $"{virtioBlk.Path}{extension}:", StringComparison.Ordinal))
            : File.Exists($"{_installed.Folder}/{path}") ? File.ReadAllBytes($"{_installed.Folder}/{path}") : null);
        var plan = InitramfsPlanner.Plan(Workshop.Read(_workshop.Archive(InitramfsTools("ahci", "sd_mod"))).Tree, kernel, Virtio, KnownDisks.None);
        Assert.Equal(File.ReadAllBytes($"{_installed.Folder}/{virtioBlk.Path}"), plan.Added[$"usr/lib/modules/{_installed.Version}/{virtioBlk.Path}"]);
    }

    public static TheoryData<string, string> Refusals() => new()
    {
        { "mkdir -p etc/cmdline.d; echo ' root=/dev/sda2' > etc/cmdline.d/95root-dev.conf", "/dev/sda2" },
        { "mkdir -p etc/systemd/system/initrd.target.requires; ln -s ../x 'etc/systemd/system/initrd.target.requires/dev-disk-by\\x2dpath-pci\\x2d0000:03:00.0.device'", "/dev/disk/by-path/pci-0000:03:00.0" },
        { "rm -r scripts conf; printf 'kernel: 5.0\\n' > etc/booster.init.yaml; echo > usr/lib/modules/booster.alias", "5.0 instead of" },
        { "rm -r scripts conf; echo > etc/booster.init.yaml", "booster.alias" },
        { "rm -r scripts conf usr/lib/systemd; mkdir config", "no udev" },
        { "echo > squash-root.img", "squash-root.img" },
        { "rm -r scripts conf", "unknown program" },
        { "rm -r scripts conf; printf '#!/bin/nash\\ninsmod /lib/ata_piix.ko\\n' > init", "nash" },
        { "mkdir usr/lib/modules/5.0", "several kernels" },
        { "mv usr/lib/modules/* usr/lib/modules/5.0", "5.0 instead of" },
        { "rm -r usr/lib/modules/*", "no directory" },
        { "rm usr/lib/modules/*/modules.dep*", "no module index" },
        { "d=usr/lib/modules/*/kernel/drivers; rm -rf $d/block; echo > $(echo $d)/block", "not a directory" },
        { "d=usr/lib/modules/*/kernel/drivers; rm -rf $d/block; ln -s /nowhere $(echo $d)/block", "leads nowhere" },
        { "printf 12345678 > usr/lib/modules/x; mv usr/lib/modules/x $(echo usr/lib/modules/*/)modules.dep.bin", "module index" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void What_cannot_be_extended_is_refused_by_name(string script, string name)
    {
        var error = Assert.Throws<ConversionException>(() => Plan(_workshop.Archive($"{InitramfsTools("ahci", "sd_mod")}\n{script}")));
        Assert.Contains(name, error.Message);
        Assert.False(string.IsNullOrEmpty(error.Advice));
    }

    [Fact]
    public void A_modules_dep_that_leads_out_of_its_directory_is_refused()
    {
        var kernel = new KernelModules(_installed.Version, _installed.Builtin(), path => path == "modules.dep"
            ? "kernel/../../../../init/virtio_blk.ko:\n../virtio_pci.ko:\n"u8.ToArray()
            : path.EndsWith(".ko", StringComparison.Ordinal) ? [0x7F, .. "ELF"u8]
            : "alias virtio:d00000002v* virtio_blk\nalias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci\n"u8.ToArray());
        var tree = Workshop.Read(_workshop.Archive(InitramfsTools("ahci", "sd_mod"))).Tree;
        Assert.Contains("outside", Assert.Throws<ConversionException>(() => InitramfsPlanner.Plan(tree, kernel, Virtio, KnownDisks.None)).Message);
    }

    [Fact]
    public void Verification_notices_what_is_not_as_planned()
    {
        var original = _workshop.Archive(InitramfsTools("ahci", "sd_mod"));
        var kernel = _installed.Open();
        var contents = Workshop.Read(original);
        var plan = InitramfsPlanner.Plan(contents.Tree, kernel, Virtio, KnownDisks.None);
        var good = InitramfsExtension.Build(new InitramfsImage(original), contents, plan, rewriteLz4: false).Content.ToArray();
        InitramfsExtension.Verify(good, contents, plan, kernel, isRewritten: false, TestContext.Current.CancellationToken);

        byte[][] wrong =
        [
            original,
            [.. original, 0, .. good[original.Length..]],
            Workshop.Join(good, _workshop.Archive("mkdir lib", "lib")),
            Workshop.Join(good, _workshop.Archive("echo > more", "more")),
            Workshop.Join(good, _workshop.Archive("echo other > init", "init")),
            Workshop.Join(good, _workshop.Archive($"d=usr/lib/modules/{_installed.Version}; mkdir -p $d; echo > $d/modules.dep.bin", $"usr/lib/modules/{_installed.Version}/modules.dep.bin")),
        ];
        foreach (var image in wrong)
        {
            var error = Assert.Throws<ConversionException>(() => InitramfsExtension.Verify(image, contents, plan, kernel, isRewritten: false, TestContext.Current.CancellationToken));
            Assert.Equal(V2VError.VerificationFailed, error.Error);
        }
    }

    [Fact]
    public void Damaged_images_end_in_an_error_of_ours_or_in_a_plan_that_can_be_verified()
    {
        var original = _workshop.Archive(InitramfsTools("ahci", "sd_mod"));
        var kernel = _installed.Open();
        var random = new Random(11);
        // The indexes and the headers around them, where damage matters; modules' contents do not.
        var start = original.AsSpan().IndexOf("modules.alias"u8) - CpioHeader.Size;
        var plans = 0;
        for (var i = 0; i < 150; i++)
        {
            var damaged = original.ToArray();
            for (var n = random.Next(1, 30); n > 0; n--)
            {
                damaged[random.Next(start, damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                var contents = Workshop.Read(damaged);
                var plan = InitramfsPlanner.Plan(contents.Tree, kernel, Virtio, KnownDisks.None);
                var image = InitramfsExtension.Build(new InitramfsImage(damaged), contents, plan, rewriteLz4: false);
                InitramfsExtension.Verify(image.Content, contents, plan, kernel, isRewritten: false, TestContext.Current.CancellationToken);
                plans++;
            }
            catch (V2VException e)
            {
                Assert.NotEqual(V2VError.VerificationFailed, e.Error);
            }
        }

        Assert.InRange(plans, 1, 149);
    }

    private InitramfsPlan Plan(byte[] image) => InitramfsPlanner.Plan(Workshop.Read(image).Tree, _installed.Open(), Virtio, KnownDisks.None);

    private (byte[] Extended, InitramfsPlan Plan) Extend(byte[] original, KernelModules? kernel = null, bool rewriteLz4 = false, KnownDisks? disks = null)
    {
        kernel ??= _installed.Open();
        var contents = Workshop.Read(original);
        var plan = InitramfsPlanner.Plan(contents.Tree, kernel, Virtio, disks ?? KnownDisks.None);
        var extended = InitramfsExtension.Build(new InitramfsImage(original), contents, plan, rewriteLz4).Content.ToArray();
        InitramfsExtension.Verify(extended, contents, plan, kernel, rewriteLz4, TestContext.Current.CancellationToken);
        return (extended, plan);
    }

    /// <summary>Has cpio unpack the original archive and then the appended one into a folder.</summary>
    private string Unpack(byte[] plain, byte[] extended, int originalLength, bool isAppended = true, bool isLinked = true)
    {
        var start = isAppended ? originalLength + extended.AsSpan(originalLength).IndexOfAnyExcept((byte)0) : Workshop.Read(extended).Segments[^1].Offset;
        _workshop.Save("base", plain);
        _workshop.Save("added", extended.AsSpan(start));
        _workshop.Shell("rm -rf root; mkdir root; cd root; cpio --quiet -idm < ../base; cpio --quiet -idmu < ../added");
        Assert.True(!isLinked || ExternalTool.Run("sh", "-c", $"test -L {_workshop.Folder}/root/lib || test -d {_workshop.Folder}/root/usr/lib/dracut").ExitCode == 0);
        return Path.Combine(_workshop.Folder, "root");
    }

    private void AssertSameModules(string root, params string[] names)
    {
        foreach (var name in names)
        {
            var theirs = ExternalTool.Check("modprobe", "-S", _installed.Version, "--show-depends", name);
            var ours = ExternalTool.Check("modprobe", "-d", root, "-S", _installed.Version, "--show-depends", name);
            // Modules that do not depend on each other may come in any order; the wanted one is last.
            var expected = theirs.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            var actual = ours.Replace(root, "", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(expected.Order(StringComparer.Ordinal), actual.Order(StringComparer.Ordinal));
            Assert.Equal(expected[^1], actual[^1]);
        }
    }

    private string InitramfsTools(params string[] modules) => $$"""
        {{Modules("usr/lib", modules)}}
        ln -s usr/lib lib
        mkdir -p conf scripts etc usr/lib/systemd; echo > scripts/functions; echo > usr/lib/systemd/systemd-udevd; printf '#!/bin/sh\n' > init
        """;

    /// <summary>A script that copies modules with all they need, and has depmod index them.</summary>
    private string Modules(string library, params string[] names)
    {
        var closure = _installed.Open().Closure(names);
        return $$"""
            mkdir -p {{library}}/modules/{{_installed.Version}}
            (cd {{_installed.Folder}}; cp --parents {{string.Join(' ', closure.Select(m => m.Path))}} modules.builtin modules.order "$OLDPWD"/{{library}}/modules/{{_installed.Version}})
            {{(library == "lib" ? "depmod -b ." : "ln -s usr/lib lib; depmod -b .")}} {{_installed.Version}}{{(library == "lib" ? "" : "; rm lib")}}
            """;
    }
}
