using System.Text;
using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Initramfs;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Initramfs;

/// <summary>Images that remember the disks of the machine they were made for, as each generator writes it down; cpio packs and unpacks them.</summary>
public sealed class HostDeviceNamesTests : IDisposable
{
    private const string ById = "/dev/disk/by-id/scsi-36000c29a";
    private const string ByPath = "/dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:0:0";

    private static readonly KnownDisks Disks = new(
        ("/dev/sda2", "UUID=11-22"), ($"{ById}-part2", "UUID=11-22"), ("/dev/sda3", "PARTUUID=abc-03"), ($"{ByPath}-part3", "UUID=33-44"));

    /// <summary>A kernel that has every driver built in: nothing but the names is to be corrected.</summary>
    private static readonly KernelModules Kernel = new("1.0", new HashSet<string> { "virtio_pci", "virtio_blk" }, path => path == "modules.dep" ? [] : null);

    private readonly Workshop _workshop = new();

    public void Dispose() => _workshop.Dispose();

    public static TheoryData<string, string, string> Texts() => new()
    {
        // dracut with hostonly_cmdline=yes, as on SLES 12 and 15.
        { "etc/cmdline.d/95root-dev.conf", " root=/dev/sda2 rootfstype=xfs rootflags=rw,noatime\n", " root=/dev/disk/by-uuid/11-22 rootfstype=xfs rootflags=rw,noatime\n" },
        { "etc/cmdline.d/95resume.conf", $" resume={ById}-part2\n", " resume=/dev/disk/by-uuid/11-22\n" },
        { "etc/cmdline.d/95resume.conf", $" resume={ByPath}-part3\n", " resume=/dev/disk/by-uuid/33-44\n" },
        { "etc/cmdline.d/95resume.conf", " resume=/dev/disk/by-id/ata-GONE quiet\n", "  quiet\n" },
        { "etc/cmdline.d/90lvm.conf", " rd.lvm.lv=vg0/root root=/dev/mapper/vg0-root\n", "" },
        { "etc/cmdline", "root=block:/dev/sda3 ro\n", "root=block:/dev/disk/by-partuuid/abc-03 ro\n" },
        { "lib/dracut/hooks/initqueue/finished/devexists-x.sh", $"[ -e \"{ById}\" ]\n", "true\n" },
        { "usr/lib/dracut/hooks/initqueue/finished/devexists-x.sh", $"[ -e \"{ByPath}-part2\" ]\n", "true\n" },
        { "var/lib/dracut/hooks/initqueue/finished/devexists-x.sh", "[ -e \"/dev/disk/by-uuid/11-22\" ]\n[ -e \"/dev/sdb\" ]\n", "[ -e \"/dev/disk/by-uuid/11-22\" ]\ntrue\n" },
        { "initqueue/finished/wait.sh", "[ -e /dev/xvda ]\n", "true\n" },
        { "etc/crypttab", "luks-1 /dev/sda2 none luks\n# /dev/sda2\n", "luks-1 UUID=11-22 none luks\n# /dev/sda2\n" },
        { "etc/fstab", "/dev/sda2 / ext4 defaults 0 1\n/dev/sdz9 /gone ext4 defaults 0 0\n", "UUID=11-22 / ext4 defaults 0 1\n/dev/sdz9 /gone ext4 defaults 0 0\n" },
        // initramfs-tools.
        { "conf/conf.d/resume", "RESUME=/dev/sda2\n", "RESUME=UUID=11-22\n" },
        { "conf/conf.d/resume", "RESUME=/dev/sdz1\n", "RESUME=none\n" },
        { "conf/conf.d/resume", "RESUME=UUID=11-22\n", "" },
        { "conf/conf.d/cryptroot", "target=root,source=/dev/sda2,key=none,rootdev\n", "target=root,source=UUID=11-22,key=none,rootdev\n" },
        { "cryptroot/crypttab", "root /dev/sda2 none luks\n", "root UUID=11-22 none luks\n" },
        // mkinitrd of SLES 11.
        { "config/mount.sh", $"[ \"$rootdev\" ] || rootdev='{ById}-part2'\nrootfstype='ext3'\n", "[ \"$rootdev\" ] || rootdev='/dev/disk/by-uuid/11-22'\nrootfstype='ext3'\n" },
        { "config/mount.sh", "rootdev='/dev/sda3'\n", "rootdev='/dev/disk/by-partuuid/abc-03'\n" },
        { "config/resume.userspace.sh", "resumedev='/dev/disk/by-id/GONE'\n", "resumedev=''\n" },
        // LVM.
        { "etc/lvm/lvm.conf", "devices {\n\tfilter = [ \"a|^/dev/sda|\", \"r|.*|\" ]\n}\n", "devices {\n\tfilter = [ \"a|^/dev/vda|\", \"r|.*|\" ]\n}\n" },
        { "etc/lvm/lvmlocal.conf", "local {\n}\n", "" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void Names_that_are_gone_are_replaced_and_lasting_ones_stay(string path, string text, string expected)
    {
        _workshop.Save("text", Encoding.UTF8.GetBytes(text));
        var original = _workshop.Archive($"mkdir -p $(dirname {path}); cp ../text {path}; ln {path} twin");

        var root = Extend(original, out var plan);

        Assert.Equal(expected.Length == 0 ? text : expected, File.ReadAllText($"{root}/{path}"));
        Assert.Equal(text, File.ReadAllText($"{root}/twin"));
        Assert.Equal(expected.Length == 0 ? [] : [$"/{path} corrected"], plan.Corrections);
    }

    [Fact]
    public void A_hook_that_waited_for_a_lost_disk_is_true()
    {
        var root = Extend(_workshop.Archive($"d=usr/lib/dracut/hooks/initqueue/finished; mkdir -p $d; echo '[ -e \"{ById}\" ]' > $d/devexists-1.sh"), out _);
        ExternalTool.Check("sh", $"{root}/usr/lib/dracut/hooks/initqueue/finished/devexists-1.sh");
    }

    [Fact]
    public void Units_of_lost_disks_are_masked_and_those_of_lasting_ones_stay()
    {
        var root = Extend(_workshop.Archive(
            """
            d=etc/systemd/system/initrd.target.wants; mkdir -p $d
            for unit in 'dev-disk-by\x2did-scsi\x2d36000c29a.device' 'dev-disk-by\x2duuid-11\x2d22.device' 'dev-mapper-vg0\x2droot.device'; do ln -s "../$unit" "$d/$unit"; done
            """), out var plan);

        Assert.Equal("/dev/null", new FileInfo($"{root}/etc/systemd/system/dev-disk-by\\x2did-scsi\\x2d36000c29a.device").LinkTarget);
        Assert.Single(plan.Links);
        Assert.Equal([$"{ById} no longer waited for"], plan.Corrections);
    }

    [Fact]
    public void A_block_of_a_driver_is_lifted()
    {
        var kernel = new KernelModules("1.0", new HashSet<string> { "virtio_pci" }, path =>
            path == "modules.dep" ? "block/virtio_blk.ko:\n"u8.ToArray() : path == "modules.alias" ? "alias virtio:d00000002v* virtio_blk\n"u8.ToArray() : [0x7F, .. "ELF"u8]);
        var original = _workshop.Archive(
            """
            mkdir -p etc/modprobe.d scripts conf usr/sbin lib/modules/1.0/block; echo > scripts/functions; echo > usr/sbin/udevd
            printf 'block/virtio_blk.ko:\n' > lib/modules/1.0/modules.dep; echo 'alias virtio:d00000002v* virtio_blk' > lib/modules/1.0/modules.alias; echo > lib/modules/1.0/block/virtio_blk.ko
            printf 'blacklist floppy\nblacklist virtio-blk\ninstall virtio_blk /bin/true\n' > etc/modprobe.d/local.conf
            """);

        var root = Extend(original, out var plan, kernel);

        Assert.Equal("blacklist floppy\n# blacklist virtio-blk\n# install virtio_blk /bin/true\n", File.ReadAllText($"{root}/etc/modprobe.d/local.conf"));
        Assert.Equal(["\"blacklist virtio-blk\" lifted", "\"install virtio_blk /bin/true\" lifted"], plan.Corrections);
    }

    /// <summary>Corrects an image and has cpio unpack the result.</summary>
    private string Extend(byte[] original, out InitramfsPlan plan, KernelModules? kernel = null)
    {
        kernel ??= Kernel;
        var contents = Workshop.Read(original);
        plan = InitramfsPlanner.Plan(contents.Tree, kernel, InitramfsNeeds.For(DiskBus.Virtio), Disks);
        var extended = original;
        if (!plan.IsEmpty)
        {
            extended = InitramfsExtension.Build(new InitramfsImage(original), contents, plan, rewriteLz4: false).Content.ToArray();
            InitramfsExtension.Verify(extended, contents, plan, kernel, isRewritten: false, TestContext.Current.CancellationToken);
            Assert.True(InitramfsPlanner.Plan(Workshop.Read(extended).Tree, kernel, InitramfsNeeds.For(DiskBus.Virtio), Disks).IsEmpty);
        }

        _workshop.Save("base", original);
        _workshop.Save("added", extended.AsSpan(original.Length));
        _workshop.Shell("rm -rf root; mkdir root; cd root; cpio --quiet -idm < ../base; [ ! -s ../added ] || cpio --quiet -idmu < ../added");
        return Path.Combine(_workshop.Folder, "root");
    }
}
