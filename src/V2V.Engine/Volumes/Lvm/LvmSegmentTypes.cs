namespace V2V.Engine.Volumes.Lvm;

/// <summary>The kinds of logical volumes that are recognised but not opened, with what makes an ordinary volume of each.</summary>
internal static class LvmSegmentTypes
{
    private static readonly Dictionary<string, (string What, string Advice)> Known = new(StringComparer.Ordinal)
    {
        ["thin"] = ("is a thin volume", "Copy it to an ordinary logical volume in the guest (lvcreate, then dd), or convert this guest with virt-v2v."),
        ["thin-pool"] = ("is a pool of thin volumes", "Only the thin volumes in it can be of use."),
        ["cache"] = ("is cached", "Run 'lvconvert --uncache' for it in the guest, which writes the cache back."),
        ["cache-pool"] = ("is a cache", "Only the volume that it caches can be of use."),
        ["writecache"] = ("has a write cache", "Run 'lvconvert --uncache' for it in the guest, which writes the cache back."),
        ["vdo"] = ("is compressed by VDO", "Copy it to an ordinary logical volume in the guest, or convert this guest with virt-v2v."),
        ["vdo-pool"] = ("is a pool of VDO volumes", "Only the volumes in it can be of use."),
        ["mirror"] = ("is mirrored", "Run 'lvconvert -m0' for it in the guest; one disk is enough for a virtual machine."),
        ["raid0"] = ("is striped as raid0", "Run 'lvconvert --type striped' for it in the guest."),
        ["raid0_meta"] = ("is striped as raid0", "Run 'lvconvert --type striped' for it in the guest."),
        ["raid1"] = ("is mirrored as raid1", "Run 'lvconvert -m0' for it in the guest; one disk is enough for a virtual machine."),
        ["integrity"] = ("has integrity checksums", "Run 'lvconvert --raidintegrity n' for it in the guest."),
        ["error"] = ("has a part that only gives errors", "Restore or remove it in the guest."),
        ["zero"] = ("has a part that only gives zeros", "Copy it to an ordinary logical volume in the guest."),
    };

    private static readonly (string, string) Raid =
        ("is a RAID of LVM", "Convert it to a striped or linear volume in the guest (lvconvert --type striped, lvmraid(7)), or convert this guest with virt-v2v.");

    /// <param name="type">The segment's type, which may carry flags: "raid5_ls+RESHAPE".</param>
    internal static (string What, string Advice) Describe(string type)
    {
        var plus = type.IndexOf('+', StringComparison.Ordinal);
        var name = plus < 0 ? type : type[..plus];
        return Known.TryGetValue(name, out var known) ? known
            : name.StartsWith("raid", StringComparison.Ordinal) ? Raid
            : ($"has a segment of type \"{LvmText.Printable(type)}\", which V2V does not know", "Convert this guest with virt-v2v for now.");
    }
}
