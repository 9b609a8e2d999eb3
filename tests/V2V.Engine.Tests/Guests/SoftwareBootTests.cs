using V2V.Engine.Conversion.Linux.Software;
using V2V.Engine.Profiles.VirtV2VConf;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Directory;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>A real Debian guest whose kernel has lost its virtio drivers installs packages at its first start, on hardware that it drives without them.</summary>
[Collection(DebianGuestsCollection.Name)]
[Trait("Category", "Slow")]
public sealed class SoftwareBootTests(DebianGuests guests) : IDisposable
{
    private const string Kernel = "9.9.9-v2v";

    /// <summary>The first partition begins after the first mebibyte (build-debian.sh).</summary>
    private const int PartitionOffset = 1 << 20;

    private static readonly string[] Drivers = ["virtio_pci", "virtio_blk", "virtio_net", "virtio_scsi"];

    private readonly string _out = Directory.CreateTempSubdirectory("v2v-software-").FullName;

    public void Dispose() => Directory.Delete(_out, recursive: true);

    [Fact]
    public void Packages_are_installed_in_order_at_the_first_start_and_the_new_kernels_boot_image_gets_virtio()
    {
        ExternalTool.Need("dpkg-deb", "depmod", "mount");
        var disk = Path.Combine(_out, "source.raw");
        ExternalTool.Check("cp", "--sparse=always", guests.RawDisk(DebianGuests.Plain), disk);
        WithRoot(disk, TakeDrivers);
        BuildPackages();

        var converted = Convert(disk);

        ExternalTool.CheckWithin(
            TimeSpan.FromMinutes(16), DebianGuests.Script("boot-check.sh"),
            converted, "--timeout", "900", "--bus", "sata", "--keep", "--nic", "e1000", "--mac", "00:50:56:9a:00:01", "--expect", "V2V-SOFTWARE result=installed");

        var raw = Path.Combine(_out, "after.raw");
        ExternalTool.Check("qemu-img", "convert", "-O", "raw", converted, raw);
        WithRoot(raw, CheckInstalled);
    }

    /// <summary>What the guest is left without goes into a kernel package, and a service reports on the console when all is done.</summary>
    private void TakeDrivers(string root)
    {
        var present = Assert.Single(Directory.GetDirectories($"{root}/lib/modules"));
        var kernel = $"{_out}/kernel";
        var modules = Directory.CreateDirectory($"{kernel}/lib/modules/{Kernel}").FullName;
        foreach (var file in (string[])["virtio", "virtio_ring", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "failover", "net_failover", .. Drivers])
        {
            var source = Assert.Single(Directory.GetFiles(present, file + ".ko*", SearchOption.AllDirectories));
            var target = $"{modules}/{Path.GetRelativePath(present, source)}";
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(source, target);
            if (Drivers.Contains(file))
            {
                File.Delete(source);
            }
        }

        foreach (var list in (string[])["modules.order", "modules.builtin"])
        {
            File.Copy($"{present}/{list}", $"{modules}/{list}");
        }

        ExternalTool.Check("depmod", "-b", kernel, Kernel);
        Directory.CreateDirectory($"{kernel}/boot");
        File.Copy(Directory.GetFiles($"{root}/boot", "config-*").Single(), $"{kernel}/boot/config-{Kernel}");
        File.WriteAllText($"{kernel}/boot/vmlinuz-{Kernel}", "started by nobody");
        File.WriteAllText($"{kernel}/boot/initrd.img-{Kernel}", "without virtio");

        // The boot image that the guest builds is looked at and never started: emulated, its hooks would take minutes.
        foreach (var hook in Directory.GetFiles($"{root}/usr/share/initramfs-tools/hooks"))
        {
            File.Delete(hook);
        }

        File.WriteAllText($"{root}/etc/initramfs-tools/conf.d/quick", "COMPRESSLEVEL=1\n");
        File.WriteAllText($"{root}/etc/systemd/system/v2v-report.service", $"""
            [Unit]
            After=v2v-software.service
            [Service]
            Type=oneshot
            ExecStart=/bin/sh -c 'sync; cat {SoftwareScript.Log} >/dev/ttyS0; echo "V2V-SOFTWARE result=$$(cat {SoftwareScript.Folder}/result)" >/dev/ttyS0'
            """);
        File.CreateSymbolicLink($"{root}/etc/systemd/system/multi-user.target.wants/v2v-report.service", "/etc/systemd/system/v2v-report.service");
    }

    private void BuildPackages()
    {
        Build("v2v-first", "first", "");
        Build("v2v-second", "second", "Depends: v2v-first\n");
        Build("linux-image-v2v", "kernel", "");
    }

    private void Build(string package, string tree, string dependencies)
    {
        Directory.CreateDirectory($"{_out}/{tree}/DEBIAN");
        File.WriteAllText(
            $"{_out}/{tree}/DEBIAN/control", $"Package: {package}\nVersion: 1\nArchitecture: all\n{dependencies}Maintainer: t <t@example.com>\nDescription: d\n");
        ExternalTool.Check("dpkg-deb", "-Zgzip", "--root-owner-group", "--build", $"{_out}/{tree}", $"{_out}/{package}.deb");
    }

    private string Convert(string disk)
    {
        var configuration = Path.Combine(_out, "virt-v2v.conf");
        File.WriteAllText(configuration, """
            <virt-v2v>
              <capability os='linux' distro='debian' major='12' name='virtio'><dep name='kernel'/></capability>
              <app os='linux' distro='debian' name='kernel'><path>linux-image-v2v.deb</path><dep>v2v-second</dep></app>
              <app os='linux' distro='debian' name='v2v-second'><path>v2v-second.deb</path><dep>v2v-first</dep></app>
              <app os='linux' distro='debian' name='v2v-first'><path>v2v-first.deb</path></app>
            </virt-v2v>
            """);
        var source = Assert.Single(GuestSources.Open(disk, TestContext.Current.CancellationToken)) with
        {
            NetworkAdapters = [new SourceNetworkAdapter("00:50:56:9a:00:01", "vmxnet3", "VM Network", PciSlot: 192)],
        };
        var options = new ConversionOptions { Software = new ConfiguredSoftware(VirtV2VConfig.Load([configuration]).Software, _out) };
        using var target = new DirectoryTarget(Directory.CreateDirectory(Path.Combine(_out, "target")).FullName);
        var result = new GuestConversion(source, options).Convert(target, cancellation: TestContext.Current.CancellationToken);

        Assert.Contains("bus=\"sata\"", result.DomainXml, StringComparison.Ordinal);
        Assert.Contains("<model type=\"e1000\"", result.DomainXml, StringComparison.Ordinal);
        Assert.Contains(result.Assessment.Concerns, c => c.Id == "SwitchToVirtio");
        return Assert.Single(result.Disks);
    }

    private static void CheckInstalled(string root)
    {
        var state = root + SoftwareScript.Folder;
        Assert.Equal("installed", File.ReadAllText($"{state}/result").Trim());
        Assert.Equal([$"{state}/result"], Directory.GetFileSystemEntries(state));

        string[] packages = ["v2v-first", "v2v-second", "linux-image-v2v"];
        var log = File.ReadAllLines($"{root}/var/log/dpkg.log").Select(line => line.Split(' ')).ToArray();
        Assert.Equal(packages, log.Where(words => words[2] == "install").Select(words => words[3].Split(':')[0]).Where(packages.Contains));
        Assert.Equal(
            packages.Select(_ => "install ok installed"),
            packages.Select(package => ExternalTool.Check("dpkg-query", $"--admindir={root}/var/lib/dpkg", "-W", "-f", "${Status}", package)));

        // It will not run again: neither is it enabled, nor would it do anything.
        Assert.Empty(Directory.GetFileSystemEntries($"{root}/etc/systemd/system/multi-user.target.wants", "v2v-software*"));

        var image = ExternalTool.CheckWithin(TimeSpan.FromMinutes(2), "chroot", root, "lsinitramfs", $"/boot/initrd.img-{Kernel}");
        Assert.All((string[])["virtio_pci.ko", "virtio_blk.ko"], driver => Assert.Contains($"/{Kernel}/kernel/", image.Split('\n').First(line => line.EndsWith(driver, StringComparison.Ordinal))));
    }

    private void WithRoot(string disk, Action<string> work)
    {
        var root = Directory.CreateDirectory(Path.Combine(_out, "root")).FullName;
        ExternalTool.Check("mount", "-o", $"loop,offset={PartitionOffset}", disk, root);
        try
        {
            work(root);
        }
        finally
        {
            Mounts.Remove(root);
        }
    }
}
