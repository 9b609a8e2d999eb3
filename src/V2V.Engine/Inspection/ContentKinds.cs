namespace V2V.Engine.Inspection;

/// <summary>Compares what a configuration says lies on a volume with what was found there.</summary>
internal static class ContentKinds
{
    /// <param name="expected">As fstab has it: "ext4", "swap", "auto", "udf,iso9660".</param>
    /// <param name="actual">As blkid calls it; null when nothing was recognised.</param>
    public static bool Matches(string expected, string? actual) =>
        expected.Split(',').Any(kind => kind is "auto" or "none" || Family(kind) == Family(actual));

    /// <summary>One driver's several names: ext4 mounts ext2 and ext3, and NTFS has had three drivers.</summary>
    private static string? Family(string? kind) => kind switch
    {
        "ext2" or "ext3" or "ext4" => "ext",
        "msdos" or "vfat" => "vfat",
        "ntfs" or "ntfs-3g" or "ntfs3" or "fuseblk" => "ntfs",
        "swsuspend" => "swap",
        _ => kind,
    };
}
