using System.Runtime.CompilerServices;
using V2V.Engine.Conversion;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Overlay;
using V2V.Engine.Sources;
using V2V.Engine.Sources.DiskOnly;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.Volumes.Lvm;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests;

/// <summary>The whole pipeline on the sample guest's file system, laid on logical volumes of two disks by lvm2.</summary>
public sealed class LvmConversionTests : IDisposable
{
    private const long MiB = 1 << 20;
    private const long DiskSize = 192 * MiB;

    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-lvm-conversion").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("lvcreate -n root -L 256M vg0", "lvcreate -n swap -L 16M vg0")]
    [InlineData("lvcreate -n swap -L 16M vg0", "lvcreate -n root -i 2 -I 16 -L 256M vg0")]
    [InlineData("pvcreate --metadatacopies 2 -y {0} {1}", "vgcreate -s 64k vg0 {0} {1}", "lvcreate -n root -i 2 -I 64 -L 128M vg0", "lvcreate -n swap -L 16M vg0 {1}", "lvextend -i 1 -L +128M vg0/root")]
    public void A_guest_on_logical_volumes_converts(params string[] commands)
    {
        ExternalTool.Need("qemu-img", "e2fsck");
        using var shop = MakeGuest(commands);

        var result = Convert(shop);

        var assessment = result.Assessment;
        Assert.Equal("Debian GNU/Linux 12 (bookworm)", assessment.OperatingSystem!.ProductName);
        Assert.Equal(DiskBus.Virtio, assessment.Hardware!.DiskBus);
        Assert.Contains(assessment.Changes, c => c.Path == "/boot/initrd.img-6.1.0-18-amd64");

        // lvm2 itself reads the converted disks in place of the old ones.
        var expected = shop.Lvm("lvs -o lv_uuid,lv_name,seg_start,devices --segments vg0");
        for (var disk = 0; disk < shop.Images.Count; disk++)
        {
            File.Copy(result.Disks[disk], shop.Images[disk], overwrite: true);
        }

        shop.Sync();
        Assert.Equal(expected, shop.Lvm("lvs -o lv_uuid,lv_name,seg_start,devices --segments vg0"));
        shop.Lvm("vgck vg0");
        var root = Path.Combine(_folder, "root.img");
        File.WriteAllBytes(root, ReadAll(Assert.Single(shop.Discover(), v => v.LogicalVolume == "root").Device));
        ExternalTool.Check("e2fsck", "-fn", root);
        Assert.StartsWith("SWAPSPACE2", System.Text.Encoding.Latin1.GetString(
            ReadAll(Assert.Single(shop.Discover(), v => v.LogicalVolume == "swap").Device), 4086, 10), StringComparison.Ordinal);
    }

    [Fact]
    public void What_no_volume_uses_is_not_copied()
    {
        ExternalTool.Need("qemu-img", "e2fsck");
        using var shop = MakeGuest("lvcreate -n swap -L 16M vg0", "lvcreate -n root -i 2 -I 16 -L 256M vg0", "lvcreate -n data -L 8M vg0");
        var free = new LvmLayout(shop, "vg0").Free();
        Assert.NotEmpty(free);
        using (var first = new FileDevice(shop.Images[0]))
        using (var second = new FileDevice(shop.Images[1]))
        {
            var noise = new byte[MiB];
            new Random(1).NextBytes(noise);
            foreach (var range in free)
            {
                (range.DiskIndex == 0 ? first : second).Write(range.Offset, noise);
            }
        }

        var data = Assert.Single(shop.Discover(), v => v.LogicalVolume == "data").Device;
        var kept = new byte[MiB];
        new Random(2).NextBytes(kept);
        data.Write(0, kept);
        Assert.Single(shop.Discover(), v => v.LogicalVolume == "swap").Device.Write(128 << 10, kept);

        var result = Convert(shop);

        var disks = result.Disks.Select(d => new FileDevice(d)).ToArray();
        foreach (var range in free)
        {
            Assert.Equal(-1, Read(disks[range.DiskIndex], range.Offset, (int)MiB).AsSpan().IndexOfAnyExcept((byte)0));
        }

        var volumes = GuestVolumes.Discover([.. disks.Cast<WritableBlockDevice>()]);
        Assert.Equal(kept, Read(Assert.Single(volumes, v => v.LogicalVolume == "data").Device, 0, (int)MiB));
        Assert.Equal(-1, Read(Assert.Single(volumes, v => v.LogicalVolume == "swap").Device, 128 << 10, (int)MiB).AsSpan().IndexOfAnyExcept((byte)0));
        Array.ForEach(disks, d => d.Dispose());
    }

    [Fact]
    public void A_root_on_a_volume_that_cannot_be_opened_is_refused_with_the_way_out()
    {
        using var shop = MakeGuest("lvcreate -n root -L 256M vg0");
        shop.Rewrite("vg0", text => LvmTestMetadata.Add(
            text, LvmTestMetadata.Hidden("s", 1, LvmTestMetadata.Linear("pv1", 40)), LvmTestMetadata.Hidden("snapshot0", 64, "type = \"snapshot\"\nchunk_size = 8\norigin = \"root\"\ncow_store = \"s\"")));

        var assessment = new GuestConversion(Source(shop), new ConversionOptions()).Assess(cancellation: TestContext.Current.CancellationToken);

        var blocker = Assert.Single(assessment.Concerns, c => c.Severity == ConcernSeverity.Critical);
        Assert.Contains("vg0/root has a snapshot", blocker.Message);
        Assert.Contains("lvremove", blocker.Advice);
    }

    private ConversionResult Convert(LvmWorkshop shop)
    {
        shop.Sync();
        using var target = new DirectoryTarget(Path.Combine(_folder, "out"));
        return new GuestConversion(Source(shop), new ConversionOptions { Format = ImageFormat.Raw })
            .Convert(target, cancellation: TestContext.Current.CancellationToken);
    }

    /// <summary>Two whole disks that are physical volumes, with the sample's root file system and an empty swap area.</summary>
    private static LvmWorkshop MakeGuest(params string[] commands)
    {
        var shop = new LvmWorkshop(DiskSize, DiskSize);
        foreach (var command in commands[0].StartsWith("pvcreate", StringComparison.Ordinal) ? commands : ["pvcreate {0} {1}", "vgcreate vg0 {0} {1}", .. commands])
        {
            shop.Lvm(command);
        }

        shop.Sync();
        var root = SampleRoot();
        foreach (var volume in shop.Discover().Where(v => v.Kind == VolumeKind.LogicalVolume))
        {
            switch (volume.LogicalVolume)
            {
                case "root":
                    volume.Device.Write(0, root);
                    break;
                case "swap":
                    volume.Device.Write(0, Inspection.VolumeImages.Swap(Inspection.PhonyGuest.SwapUuid));
                    break;
            }
        }

        shop.Sync();
        return shop;
    }

    private static SourceGuest Source(LvmWorkshop shop) => DiskSource.FromDisks(shop.Images, "lvm-guest");

    /// <summary>The first partition of the sample's disk.</summary>
    private static byte[] SampleRoot()
    {
        var source = Assert.Single(GuestSources.Open(Path.GetFullPath(Path.Combine(Here(), "../../samples/debian12.ova"))));
        using var disk = new OverlayDisk(source.Disks[0].Open());
        return ReadAll(GuestVolumes.Discover([disk])[0].Device);
    }

    private static byte[] ReadAll(BlockDevice device) => Read(device, 0, (int)device.Length);

    private static byte[] Read(BlockDevice device, long offset, int length)
    {
        var bytes = new byte[length];
        device.Read(offset, bytes);
        return bytes;
    }

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
