using V2V.Engine.Tests.Disks;
using V2V.Engine.Volumes;
using Xunit;
using static V2V.Engine.Tests.Volumes.Lvm.LvmTestMetadata;

namespace V2V.Engine.Tests.Volumes.Lvm;

/// <summary>What can't be used is named with the way out, and the volumes beside it stay usable.</summary>
public sealed class LvmRefusalTests
{
    private const long MiB = 1 << 20;

    public static TheoryData<string, string[], string, string> Kinds => new()
    {
        {
            "v",
            [
                Volume("v", 4, "type = \"raid1\"\ndevice_count = 2\nregion_size = 4096\nraids = [ \"v_rmeta_0\", \"v_rimage_0\", \"v_rmeta_1\", \"v_rimage_1\" ]"),
                Hidden("v_rmeta_0", 1, Linear("pv0", 5)), Hidden("v_rimage_0", 4, Linear("pv0", 6)),
                Hidden("v_rmeta_1", 1, Linear("pv1", 5)), Hidden("v_rimage_1", 4, Linear("pv1", 6)),
            ],
            "mirrored as raid1", "lvconvert -m0"
        },
        {
            "v",
            [
                Volume("v", 4, "type = \"mirror\"\nmirror_count = 2\nmirror_log = \"v_mlog\"\nregion_size = 1024\nmirrors = [ \"v_mimage_0\", 0, \"v_mimage_1\", 0 ]"),
                Hidden("v_mlog", 1, Linear("pv0", 5)), Hidden("v_mimage_0", 4, Linear("pv0", 6)), Hidden("v_mimage_1", 4, Linear("pv1", 6)),
            ],
            "is mirrored", "lvconvert -m0"
        },
        {
            "v",
            [
                Volume("v", 4, "type = \"raid0\"\ndevice_count = 2\nstripe_size = 128\nraid0_lvs = [ \"v_rimage_0\", \"v_rimage_1\" ]"),
                Hidden("v_rimage_0", 2, Linear("pv0", 5)), Hidden("v_rimage_1", 2, Linear("pv1", 6)),
            ],
            "raid0", "lvconvert --type striped"
        },
        {
            "v",
            [
                Volume("v", 4, "type = \"raid5_ls\"\ndevice_count = 3\nstripe_size = 128\nregion_size = 4096\nraids = [ \"v_rmeta_0\", \"v_rimage_0\", \"v_rmeta_1\", \"v_rimage_1\", \"v_rmeta_2\", \"v_rimage_2\" ]"),
                Hidden("v_rmeta_0", 1, Linear("pv0", 5)), Hidden("v_rimage_0", 2, Linear("pv0", 6)), Hidden("v_rmeta_1", 1, Linear("pv1", 5)),
                Hidden("v_rimage_1", 2, Linear("pv1", 6)), Hidden("v_rmeta_2", 1, Linear("pv1", 8)), Hidden("v_rimage_2", 2, Linear("pv1", 9)),
            ],
            "is a RAID of LVM", "lvconvert --type striped"
        },
        {
            "v",
            [
                Volume("v", 9, "type = \"thin\"\nthin_pool = \"pool\"\ntransaction_id = 0\ndevice_id = 1"),
                Volume("pool", 4, "type = \"thin-pool\"\nmetadata = \"pool_tmeta\"\npool = \"pool_tdata\"\ntransaction_id = 1\nchunk_size = 128\ndiscards = \"passdown\"\nzero_new_blocks = 1"),
                Hidden("pool_tmeta", 1, Linear("pv0", 5)), Hidden("pool_tdata", 4, Linear("pv0", 6)),
            ],
            "is a thin volume", "lvcreate, then dd"
        },
        {
            "v",
            [
                Volume("v", 4, "type = \"cache\"\ncache_pool = \"cp\"\norigin = \"v_corig\""),
                Hidden("cp", 3, "type = \"cache-pool\"\ndata = \"cp_cdata\"\nmetadata = \"cp_cmeta\"\nchunk_size = 128\ncache_mode = \"writethrough\"\npolicy = \"smq\""),
                Hidden("v_corig", 4, Linear("pv0", 5)), Hidden("cp_cdata", 3, Linear("pv1", 5)), Hidden("cp_cmeta", 2, Linear("pv1", 8)),
            ],
            "is cached", "lvconvert --uncache"
        },
        {
            "v",
            [
                Volume("v", 4, "type = \"writecache\"\norigin = \"v_wcorig\"\nwritecache = \"wc_cvol\"\nwritecache_block_size = 4096"),
                Hidden("v_wcorig", 4, Linear("pv0", 5)), Volume("wc_cvol", 3, Linear("pv1", 5), "", "\"CACHE_VOL\""),
            ],
            "write cache", "lvconvert --uncache"
        },
        {
            "v",
            [Volume("v", 4, Linear("pv0", 5)), Volume("s", 2, Linear("pv1", 5)), Hidden("snapshot0", 4, "type = \"snapshot\"\nchunk_size = 8\norigin = \"v\"\ncow_store = \"s\"")],
            "has a snapshot", "lvremove"
        },
        {
            "v",
            [Volume("v", 4, Linear("pv0", 5)), Hidden("s", 2, Linear("pv1", 5)), Hidden("snapshot0", 4, "type = \"snapshot\"\nchunk_size = 8\norigin = \"v\"\nmerging_store = \"s\"")],
            "has a snapshot", "lvconvert --merge"
        },
        {
            "s",
            [Volume("v", 4, Linear("pv0", 5)), Volume("s", 2, Linear("pv1", 5)), Hidden("snapshot0", 4, "type = \"snapshot\"\nchunk_size = 8\norigin = \"v\"\ncow_store = \"s\"")],
            "is a snapshot", "lvconvert --merge"
        },
        {
            "v",
            [
                Volume("v", 4, Linear("pvmove0", 0), "\"VISIBLE\", \"LOCKED\""),
                Volume("pvmove0", 4, "type = \"mirror\"\nmirror_count = 2\nextents_moved = 0\nregion_size = 1024\nmirrors = [ \"pv0\", 5, \"pv1\", 5 ]", "\"PVMOVE\", \"LOCKED\""),
            ],
            "moved by pvmove", "pvmove --abort"
        },
        { "v", [Volume("v", 4, "type = \"error\"")], "only gives errors", "Restore or remove" },
        { "v", [Volume("v", 4, "type = \"zero\"")], "only gives zeros", "Copy it" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Other_kinds_of_volumes_are_refused_by_name(string name, string[] volumes, string what, string advice)
    {
        using var shop = MakeGroup();
        shop.Rewrite("vg0", text => Add(text, volumes));

        var found = shop.Discover();

        var refusal = Refusal(found, name);
        Assert.Equal((V2VError.VolumeUnsupported, "LVM2"), (refusal.Error, refusal.Format));
        Assert.StartsWith($"vg0/{name} ", refusal.Message);
        Assert.Contains(what, refusal.Message);
        Assert.Contains(advice, refusal.Advice);
        Assert.Equal(0, Logical(found, name).Device.Length);

        // The others are not hidden, and what lvm2 hides is not shown.
        Assert.Null(Logical(found, "plain").Failure);
        Assert.Equal(16 * MiB, Logical(found, "plain").Device.Length);
        Assert.DoesNotContain(found, v => v.LogicalVolume is { } n && (n.Contains('_') || n is "pvmove0" or "snapshot0"));

        // What an unknown kind takes is not known either.
        Assert.All(found, v => Assert.Empty(v.Unallocated));
    }

    [Fact]
    public void A_missing_physical_volume_spoils_only_what_lies_on_it()
    {
        using var shop = MakeGroup();
        shop.Lvm("lvcreate -n both -i 2 -l 4 vg0");
        shop.Lvm("lvcreate -n second -l 2 vg0 {1}");
        var missing = shop.Report("pvs -o pv_uuid,pv_name").Single(r => r[1] == shop.Loops[1].Name);

        var found = shop.Discover(0);

        Assert.Null(Logical(found, "plain").Failure);
        foreach (var name in (string[])["both", "second"])
        {
            var refusal = Refusal(found, name);
            Assert.Contains(missing[0], refusal.Message);
            Assert.Contains(missing[1], refusal.Message);
            Assert.Contains("all of its disks", refusal.Advice);
        }

        Assert.All(found, v => Assert.Empty(v.Unallocated));
        Assert.Equal("vg0", found[0].VolumeGroup);
    }

    [Fact]
    public void A_physical_volume_that_lvm_marked_as_missing_is_not_used_though_it_came_back()
    {
        using var shop = MakeGroup();
        shop.Lvm("lvcreate -n second -l 2 vg0 {1}");
        foreach (var image in shop.Images)
        {
            LvmImage.RewriteText(image, text => text.Replace("status = [\"ALLOCATABLE\"]\nflags = []", "status = [\"ALLOCATABLE\"]\nflags = [\"MISSING\"]", StringComparison.Ordinal));
        }

        Assert.Contains("vgextend --restoremissing", Refusal(shop.Discover(), "plain").Advice);
    }

    [Fact]
    public void Two_copies_of_a_physical_volume_are_refused_by_name()
    {
        using var shop = MakeGroup();
        shop.Lvm("lvcreate -n second -l 2 vg0 {1}");
        shop.CopyImage(0);

        var found = shop.Discover();

        var refusal = Refusal(found, "plain");
        Assert.Contains("disk 1; disk 3", refusal.Message);
        Assert.Contains("vgimportclone", refusal.Advice);
        Assert.Null(Logical(found, "second").Failure);
    }

    [Fact]
    public void An_exported_group_is_one_that_the_guest_does_not_use()
    {
        using var shop = MakeGroup();
        shop.Lvm("vgexport vg0");

        Assert.Contains("vgimport vg0", Refusal(shop.Discover(), "plain").Advice);
    }

    [Fact]
    public void Two_groups_of_one_name_are_refused()
    {
        using var shop = new LvmWorkshop(32 * MiB, 32 * MiB);
        shop.Lvm("pvcreate {0} {1}");
        shop.Lvm("vgcreate vg0 {0}");
        shop.Lvm("vgcreate vg1 {1}");
        shop.Lvm("lvcreate -n a -l 1 vg0");
        shop.Lvm("lvcreate -n b -l 1 vg1");
        LvmImage.RewriteText(shop.Images[1], text => text.Replace("vg1 {", "vg0 {", StringComparison.Ordinal));

        var found = shop.Discover();

        Assert.Contains("the name of another one", Refusal(found, "a").Message);
        Assert.Contains("vgrename", Refusal(found, "b").Advice);
    }

    [Fact]
    public void A_physical_volume_that_two_groups_list_is_used_for_neither()
    {
        using var shop = new LvmWorkshop(32 * MiB, 32 * MiB);
        shop.Lvm("pvcreate {0} {1}");
        shop.Lvm("vgcreate vg0 {0}");
        shop.Lvm("vgcreate vg1 {1}");
        shop.Lvm("lvcreate -n a -l 1 vg0");
        shop.Lvm("lvcreate -n b -l 1 vg1");
        var ids = shop.Report("pvs -o pv_uuid,pv_name").OrderBy(r => shop.Loops.ToList().FindIndex(l => l.Name == r[1])).Select(r => r[0]).ToList();
        LvmImage.RewriteText(shop.Images[1], text => text.Replace(ids[1], ids[0], StringComparison.Ordinal));

        var found = shop.Discover();

        Assert.Contains("two volume groups list as theirs", Refusal(found, "a").Message);
        Assert.Contains("two volume groups list as theirs", Refusal(found, "b").Message);
        Assert.All(found, v => Assert.Empty(v.Unallocated));
    }

    [Theory]
    [InlineData("status = [\"RESIZEABLE\",", "status = [\"CLUSTERED\", \"RESIZEABLE\",", "shared with other hosts")]
    [InlineData("extent_size =", "lock_type = \"sanlock\"\nextent_size =", "shared with other hosts")]
    [InlineData("status = [\"RESIZEABLE\",", "status = [\"FROM_THE_FUTURE\", \"RESIZEABLE\",", "FROM_THE_FUTURE")]
    [InlineData("\"VISIBLE\"", "\"VISIBLE\", \"UNHEARD_OF\"", "UNHEARD_OF")]
    [InlineData("type = \"striped\"", "type = \"striped+CURVED\"", "striped+CURVED")]
    public void Groups_and_volumes_of_an_unknown_state_are_refused_by_name(string before, string after, string what)
    {
        using var shop = MakeGroup();
        shop.Images.Take(2).ToList().ForEach(i => LvmImage.RewriteText(i, text => text.Replace(before, after, StringComparison.Ordinal)));

        Assert.Contains(what, Refusal(shop.Discover(), "plain").Message);
    }

    [Theory]
    [InlineData("extent_size =", "system_id = \"another-host\"\nextent_size =")]
    [InlineData("extent_size =", "lock_type = \"none\"\nextent_size =")]
    [InlineData("flags = []", "flags = [\"FROM_THE_FUTURE\"]")]
    [InlineData("status = [\"READ\", \"WRITE\",", "status = [\"READ\",")]
    public void What_does_not_change_where_the_bytes_are_is_no_obstacle(string before, string after)
    {
        // The system id names the guest itself; its LVM compares it with what the conversion leaves as it is.
        using var shop = MakeGroup();
        shop.Images.Take(2).ToList().ForEach(i => LvmImage.RewriteText(i, text => text.Replace(before, after, StringComparison.Ordinal)));

        Assert.Null(Logical(shop.Discover(), "plain").Failure);
    }

    [Fact]
    public void A_physical_volume_that_was_removed_from_its_group_while_it_was_away_is_not_used()
    {
        using var shop = MakeGroup();
        var away = File.ReadAllBytes(shop.Images[1]);
        shop.Lvm("vgreduce vg0 {1}");
        File.WriteAllBytes(shop.Images[1], away);

        var found = shop.Discover();

        Assert.Null(Logical(found, "plain").Failure);
        Assert.Contains("removed from the volume group vg0", found[1].Failure?.Message);
    }

    [Fact]
    public void Half_of_a_software_mirror_is_not_taken_for_a_physical_volume()
    {
        using var shop = new LvmWorkshop(32 * MiB);
        shop.Lvm("pvcreate --setphysicalvolumesize 31m -y {0}");
        shop.Lvm("vgcreate vg0 {0}");
        shop.Lvm("lvcreate -n a -l 1 vg0");
        shop.Sync();
        using (var disk = new FileDevice(shop.Images[0]))
        {
            disk.Write(disk.Length - 8192, [0xFC, 0x4E, 0x2B, 0xA9, 1, 0, 0, 0]); // metadata 1.0, as md(4) places it
        }

        Assert.Contains("lies on a Linux software RAID (disk 1)", Refusal(shop.Discover(), "a").Message);
    }

    [Fact]
    public void A_physical_volume_on_a_logical_volume_is_refused_and_not_opened()
    {
        using var shop = MakeGroup();
        using var inner = new LvmWorkshop(16 * MiB);
        inner.Lvm("pvcreate {0}");
        inner.Lvm("vgcreate inner {0}");
        inner.Lvm("lvcreate -n deep -l 1 inner");
        Logical(shop.Discover(), "plain").Device.Write(0, File.ReadAllBytes(inner.Images[0]));

        var found = shop.Discover();

        Assert.Contains("vg0/plain is itself a physical volume", Refusal(found, "plain").Message);
        Assert.DoesNotContain(found, v => v.LogicalVolume == "deep");
    }

    [Fact]
    public void A_disk_that_is_shorter_than_its_volumes_is_found_out()
    {
        using var shop = MakeGroup();
        shop.Sync();
        using (var file = File.OpenHandle(shop.Images[0], FileMode.Open, FileAccess.Write))
        {
            RandomAccess.SetLength(file, 10 * MiB);
        }

        Assert.Equal(V2VError.VolumeCorrupt, Refusal(shop.Discover(), "plain").Error);
    }

    /// <summary>Two disks, and the volume vg0/plain of 16 MiB in the first four extents of the first.</summary>
    private static LvmWorkshop MakeGroup()
    {
        var shop = new LvmWorkshop(64 * MiB, 64 * MiB);
        shop.Lvm("pvcreate {0} {1}");
        shop.Lvm("vgcreate vg0 {0} {1}");
        shop.Lvm("lvcreate -n plain -l 4 vg0 {0}");
        return shop;
    }

    private static Volume Logical(IReadOnlyList<Volume> volumes, string name) => Assert.Single(volumes, v => v.LogicalVolume == name);

    private static VolumeException Refusal(IReadOnlyList<Volume> volumes, string name) => Assert.IsType<VolumeException>(Logical(volumes, name).Failure);
}
