using System.Buffers.Binary;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Volumes.Lvm;

/// <summary>Volume groups made by lvm2: what the engine finds, reads and writes is where lvs and pvs say.</summary>
public sealed class LvmVolumesTests
{
    private const long MiB = 1 << 20;

    [Theory]
    [InlineData("pvcreate {0}", "vgcreate vg0 {0}", "lvcreate -n root -L 20M vg0", "lvcreate -n swap -L 8M vg0")]
    [InlineData(
        "pvcreate {0} {1}", "vgcreate -s 1M vg0 {0} {1}", "lvcreate -n a -L 10M vg0", "lvcreate -n b -L 5M vg0", "lvextend -L +5M vg0/a",
        "lvreduce -f -L 3M vg0/b", "lvcreate -n c -l 30 vg0", "lvremove -y vg0/b", "lvextend -l +100%FREE vg0/a", "lvreduce -f -l -4 vg0/a")]
    [InlineData(
        "pvcreate {0} {1}", "vgcreate vg0 {0} {1}", "lvcreate -n two -i 2 -I 64 -L 40M vg0", "lvcreate -n small -i 2 -I 4 -L 24M vg0",
        "lvextend -i 1 -L +8M vg0/two", "lvextend -i 2 -I 16 -L +8M vg0/small")]
    [InlineData("pvcreate {0} {1} {2}", "vgcreate -s 64k vg0 {0} {1} {2}", "lvcreate -n three -i 3 -I 8 -L 60M vg0", "lvcreate -n rest -l 100%FREE vg0")]
    [InlineData("pvcreate {0} {1} {2}", "vgcreate -s 4k vg0 {0} {1} {2}", "lvcreate -n one -l 1001 vg0", "lvcreate -n three -i 3 -I 4 -l 303 vg0", "lvextend -l +7 vg0/one")]
    [InlineData("pvcreate --dataalignment 8m --metadatasize 3m {0}", "pvcreate --bootloaderareasize 2m {1}", "vgcreate vg0 {0} {1}", "lvcreate -n a -l 100%FREE vg0")]
    [InlineData("pvcreate --metadatacopies 2 {0}", "pvcreate --metadatacopies 0 {1}", "pvcreate --labelsector 3 {2}", "vgcreate vg0 {0} {1} {2}", "lvcreate -n b -i 3 -l 3 vg0", "lvcreate -n a -l 40 vg0")]
    [InlineData("pvcreate -M2 {0} {1} {2}", "vgcreate --metadatacopies 1 vg0 {0} {1} {2}", "lvcreate -n a -L 100M vg0", "lvchange --addtag x vg0/a")]
    [InlineData(
        "pvcreate {0} {1}", "vgcreate old {0}", "lvcreate -n a -L 8M old", "lvcreate -n b -L 8M old", "vgrename old new-vg", "lvrename new-vg a with-hyphen",
        "vgextend new-vg {1}", "lvextend -L +30M new-vg/b {1}", "vgrename new-vg vg0", "lvchange -p r vg0/b", "lvchange --setactivationskip y vg0/b")]
    public void The_engine_and_lvm_agree(params string[] commands) => CheckGroup(new LvmWorkshop(96 * MiB, 96 * MiB, 96 * MiB), commands);

    [Fact]
    public void Physical_volumes_may_be_partitions_of_several_disks() => CheckGroup(
        new LvmWorkshop(64 * MiB)
            .AddPartitionedDisk(128 * MiB, "label: dos\n1: size=10M,type=83\n2: size=100M,type=5\n5: size=40M,type=8e\n6: size=40M,type=83\n")
            .AddPartitionedDisk(64 * MiB, "label: gpt\nsize=20M\nsize=30M,type=E6D6D379-F507-44C2-A23C-238F2A3DF928\n"),
        ["pvcreate {0} {3} {4} {5} {6}", "vgcreate vg0 {0} {3} {4} {5} {6}", "lvcreate -n root -i 3 -I 32 -l 18 vg0", "lvcreate -n home -l 100%FREE vg0"]);

    [Fact]
    public void Extents_of_a_gibibyte_are_no_trouble() => CheckGroup(
        new LvmWorkshop(4096 * MiB, 4096 * MiB),
        ["pvcreate {0} {1}", "vgcreate -s 1G vg0 {0} {1}", "lvcreate -n two -i 2 -I 64 -l 2 vg0", "lvcreate -n one -l 3 vg0"]);

    [Fact]
    public void Every_state_of_the_circular_buffer_can_be_read()
    {
        using var shop = new LvmWorkshop(16 * MiB);
        shop.Lvm("pvcreate --metadatasize 32k --dataalignment 4k {0}");
        shop.Lvm("vgcreate -s 4k vg0 {0}");
        shop.Lvm("lvcreate -n a -l 10 vg0");
        var wrapped = 0;

        // As long as a text and a half of LVM's units, so that the area's end falls within one.
        shop.Lvm($"lvchange --addtag {new string('t', 500)} vg0/a");
        for (var round = 0; round < 24; round++)
        {
            shop.Lvm("lvextend -l +1 vg0/a");

            var volume = Assert.Single(shop.Discover(), v => v.Kind == VolumeKind.LogicalVolume);

            Assert.Equal((11 + round) * 4096, volume.Device.Length);
            wrapped += IsWrapped(shop.Images[0]) ? 1 : 0;
        }

        Assert.InRange(wrapped, 1, 23);
    }

    private static void CheckGroup(LvmWorkshop workshop, string[] commands)
    {
        using var shop = workshop;
        foreach (var command in commands)
        {
            shop.Lvm(command);
        }

        var layout = new LvmLayout(shop, "vg0");
        var before = shop.Lvm("pvck --dump metadata {0}");

        var volumes = shop.Discover();

        var logical = volumes.Where(v => v.Kind == VolumeKind.LogicalVolume).ToList();
        Assert.Equal(layout.Names.Order(), logical.Select(v => v.LogicalVolume!).Order());
        Assert.Equal(
            shop.Report("lvs -o lv_name,lv_uuid,vg_name,vg_uuid vg0").Select(r => string.Join('|', r)).Order(),
            logical.Select(v => $"{v.LogicalVolume}|{v.LogicalVolumeUuid}|{v.VolumeGroup}|{v.VolumeGroupUuid}").Order());
        Assert.All(logical, v => Assert.Null(v.Failure));
        Assert.Equal(layout.Free(), volumes.SelectMany(v => v.Unallocated).OrderBy(r => r.DiskIndex).ThenBy(r => r.Offset));
        var random = new Random(commands.Length);
        logical.ForEach(v => layout.CheckAgainst(v, random));
        logical.ForEach(v => v.Device.Flush());

        shop.Sync();
        Assert.Equal(before, shop.Lvm("pvck --dump metadata {0}"));
        shop.Lvm("vgck vg0");
    }

    /// <summary>The metadata area begins at the second page; its header has place and size of the text at 40 and 48, its own size at 32.</summary>
    private static bool IsWrapped(string image)
    {
        const int area = 4096;
        var header = new byte[64];
        using var file = File.OpenHandle(image);
        RandomAccess.Read(file, header, area);
        long Field(int offset) => BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(offset));
        return Field(40) + Field(48) > Field(32);
    }
}
