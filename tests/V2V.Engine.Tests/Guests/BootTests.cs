using System.Globalization;
using System.Xml.Linq;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Directory;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>
/// A real Debian guest, in every form in which VMware keeps it and with every layout that is installed, comes up on virtio. Some of them do in
/// <see cref="LibvirtBootTests"/>.
/// </summary>
[Collection(DebianGuestsCollection.Name)]
[Trait("Category", "Slow")]
public sealed class BootTests(DebianGuests guests) : IDisposable
{
    private static readonly (string Bus, string Driver, string Disk)[] Buses = [("virtio", "virtio_blk", "vda"), ("scsi", "virtio_scsi", "sda")];

    private readonly string _out = Directory.CreateTempSubdirectory("v2v-boot").FullName;

    public void Dispose() => Directory.Delete(_out, recursive: true);

    [Theory]
    [InlineData("sparse", "virtio")]
    [InlineData("flat", "scsi")]
    public void A_converted_guest_boots_from_virtio_disks_with_its_network(string form, string bus)
    {
        var path = guests.Source(form);
        var before = DebianGuests.Digests(path);

        var (disk, macs) = Convert(path);

        Assert.Equal(before, DebianGuests.Digests(path));
        Assert.Equal(["ext4", "swap"], new ConvertedDisk(disk, _out).Check());
        Boot(disk, "bios", macs, bus, "ext4", "/dev/@2");
    }

    [Theory]
    [InlineData("--fs xfs --table gpt", "bios", "scsi", "xfs", "/dev/@3", " xfs swap")]
    [InlineData("--lvm --firmware uefi --no-efi-fallback --unsigned-efi", "uefi", "scsi", "ext4", "/dev/dm-[0-9]+", "vfat ext4 LVM2_member swap ext4")]
    public void Every_layout_boots_from_virtio_disks(string options, string firmware, string bus, string root, string swap, string kinds)
    {
        var (disk, macs) = Convert(guests.RawDisk(options));

        Assert.Equal(kinds.Split(' '), new ConvertedDisk(disk, _out).Check());
        Boot(disk, firmware, macs, bus, root, swap);
    }

    [Theory]
    [InlineData(DebianGuests.Plain, "virtio", "ext4", "/dev/@2", "ext4 swap")]
    [InlineData("--fs xfs --lvm --initramfs dracut --table mbr", "scsi", "xfs", "/dev/dm-[0-9]+", "xfs LVM2_member swap xfs")]
    public void A_guest_whose_disk_was_full_of_deleted_data_is_copied_without_it_and_boots(string options, string bus, string root, string swap, string kinds)
    {
        var disk = Path.Combine(_out, "filled.raw");
        ExternalTool.Check("cp", "--sparse=always", guests.RawDisk(options), disk);
        var used = new DeletedData(disk, _out).Leave();
        var held = Allocated(disk);
        Assert.True(held > used * 2, $"The disk holds {held} bytes, of which {used} are in use: too little was deleted.");

        var (converted, macs) = Convert(disk);

        // More than the files: what the file system keeps of itself, which df does not count as used, and the rest of each cluster of 64 KiB.
        var check = new ConvertedDisk(converted, _out);
        Assert.InRange(check.StoredBytes(), used / 2, used + (64 << 20));
        Assert.InRange(Allocated(converted), used / 2, used + (64 << 20));
        Assert.Equal(kinds.Split(' '), check.Check());
        Boot(converted, "bios", macs, bus, root, swap);
    }

    /// <summary>What a file takes of the host's disk, in bytes.</summary>
    private static long Allocated(string path) => long.Parse(ExternalTool.Check("du", "-B1", path).Split('\t')[0], CultureInfo.InvariantCulture);

    [Fact]
    public void An_unconverted_guest_does_not_boot_from_virtio()
    {
        // The control of this class: without it, a guest that needs no conversion would pass everything above.
        var (exitCode, output) = ExternalTool.RunWithin(
            TimeSpan.FromMinutes(6), "", DebianGuests.Script("boot-check.sh"), guests.RawDisk(DebianGuests.Plain), "--bus", "virtio");
        Assert.Equal(1, exitCode);
        Assert.Contains("initramfs", output, StringComparison.Ordinal);
    }

    private (string Disk, string[] Macs) Convert(string path)
    {
        var source = Assert.Single(GuestSources.Open(path, TestContext.Current.CancellationToken));
        using var target = new DirectoryTarget(_out);
        var result = new GuestConversion(DebianGuests.WithAdapters(source), new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken);
        var macs = XDocument.Parse(result.DomainXml).Descendants("interface").Select(i => (string)i.Element("mac")!.Attribute("address")!).ToArray();
        Assert.Equal(2, macs.Length);
        return (Assert.Single(result.Disks), macs);
    }

    /// <param name="disk">The converted disk.</param>
    /// <param name="firmware">"bios" or "uefi".</param>
    /// <param name="macs">Of its adapters.</param>
    /// <param name="bus">"virtio" or "scsi".</param>
    /// <param name="root">Kind of the root file system.</param>
    /// <param name="swap">A pattern, with @ for the disk's name.</param>
    private static void Boot(string disk, string firmware, string[] macs, string bus, string root, string swap)
    {
        var (_, driver, name) = Buses.Single(b => b.Bus == bus);
        ExternalTool.CheckWithin(
            TimeSpan.FromMinutes(6),
            DebianGuests.Script("boot-check.sh"),
            [
                disk, "--bus", bus, "--firmware", firmware, .. macs.SelectMany(m => new[] { "--mac", m }), "--expect",
                $"V2V-GUEST-UP disk={driver} nic=virtio_net,virtio_net ens192=up ens224=192\\.0\\.2\\.10/24 "
                + $"swap={swap.Replace("@", name, StringComparison.Ordinal)} failed=none root={root}",
            ]);
    }
}
