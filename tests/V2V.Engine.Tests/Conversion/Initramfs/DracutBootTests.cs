using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Initramfs;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Initramfs;

/// <summary>
/// An image that dracut makes, without virtio and waiting for the disks of another machine, is extended; then the kernel, systemd, udev and
/// dracut's own scripts have to find a root file system on a virtio disk with it.
/// </summary>
public sealed class DracutBootTests : IDisposable
{
    private const string Uuid = "0b6d2f3c-52a1-4c40-9f3e-6c2f0a1d7e55";

    private const string Init = """
        #include <fcntl.h>
        #include <stdio.h>
        #include <sys/reboot.h>
        #include <unistd.h>

        int main(void)
        {
            dup2(open("/dev/console", O_RDWR), 1);
            printf("root was switched\n");
            fflush(stdout);
            reboot(RB_POWER_OFF);
            return 0;
        }
        """;

    private readonly Workshop _workshop = new();

    public void Dispose() => _workshop.Dispose();

    [Fact]
    [Trait("Category", "Slow")]
    public void A_host_only_image_boots_from_a_disk_that_it_was_not_made_for()
    {
        var installed = InstalledModules.Find();
        Assert.SkipUnless(File.Exists($"/boot/vmlinuz-{installed.Version}"), $"needs /boot/vmlinuz-{installed.Version}");
        ExternalTool.NeedRoot();
        ExternalTool.Need("dracut", "gcc", "mke2fs", "qemu-system-x86_64");
        MakeRoot();
        var original = MakeImage(installed.Version);

        var contents = Workshop.Read(original);
        var kernel = installed.Open();
        var plan = InitramfsPlanner.Plan(contents.Tree, kernel, InitramfsNeeds.For(DiskBus.Virtio), new KnownDisks(("/dev/sda1", $"UUID={Uuid}")));
        Assert.Equal(4, plan.Corrections.Count);
        var image = InitramfsExtension.Build(new InitramfsImage(original), contents, plan, rewriteLz4: false);
        InitramfsExtension.Verify(image.Content, contents, plan, kernel, isRewritten: false, TestContext.Current.CancellationToken);
        _workshop.Save("initrd", image.Content);

        var output = _workshop.Shell($"""
            timeout 400 qemu-system-x86_64 -accel tcg -m 1024 -nodefaults -display none -serial stdio -no-reboot \
              -kernel /boot/vmlinuz-{installed.Version} -initrd initrd -append 'console=ttyS0 panic=-1 rd.timeout=120' \
              -drive file=disk,format=raw,if=none,id=d -device virtio-blk-pci,drive=d,disable-legacy=on < /dev/null
            """, TimeSpan.FromMinutes(8));

        Assert.Contains("root was switched", output);
    }

    private void MakeRoot()
    {
        _workshop.Save("init.c", System.Text.Encoding.ASCII.GetBytes(Init));
        _workshop.Shell($"""
            mkdir -p root/sbin root/etc root/usr/lib root/proc root/sys root/dev root/run root/tmp
            gcc -static -O1 -o root/sbin/init init.c
            echo 'ID=test' > root/etc/os-release; ln -s ../../etc/os-release root/usr/lib/os-release
            truncate -s 32M disk; mke2fs -q -t ext4 -U {Uuid} -d root disk
            """);
    }

    /// <summary>What dracut writes with hostonly_cmdline=yes on a machine whose disks it knows by id.</summary>
    private byte[] MakeImage(string version)
    {
        _workshop.Shell($$"""
            hooks=host/usr/lib/dracut/hooks/initqueue/finished wants=host/etc/systemd/system/initrd.target.wants
            mkdir -p host/etc/cmdline.d $hooks $wants
            echo ' root=/dev/sda1 rootfstype=ext4 rootflags=rw' > host/etc/cmdline.d/95root-dev.conf
            echo ' resume=/dev/disk/by-id/ata-GONE-part2' > host/etc/cmdline.d/95resume.conf
            echo '[ -e "/dev/disk/by-id/scsi-36000c29a" ]' > $hooks/'devexists-\x2fdev\x2fdisk\x2fby-id\x2fscsi-36000c29a.sh'
            ln -s '../dev-disk-by\x2did-scsi\x2d36000c29a.device' $wants/'dev-disk-by\x2did-scsi\x2d36000c29a.device'
            dracut --quiet --no-hostonly --force --kver {{version}} --no-early-microcode --gzip --nostrip --include host / \
              --modules 'systemd systemd-initrd dracut-systemd base rootfs-block kernel-modules udev-rules fs-lib usrmount' \
              --drivers 'ext4 ahci sd_mod' image
            """, TimeSpan.FromMinutes(8));
        return _workshop.Bytes("image");
    }
}
