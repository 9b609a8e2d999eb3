namespace V2V.Engine.Targets;

/// <summary>Names of the things that a conversion makes.</summary>
internal static class TargetNames
{
    /// <summary>"guest-sda.qcow2", "guest-sdb.qcow2", ... as virt-v2v names them, with the format as extension.</summary>
    public static string Disk(string guest, int index, ImageFormat format) =>
        $"{guest.Replace('/', '_')}-sd{Letters(index)}.{(format == ImageFormat.Qcow2 ? "qcow2" : "img")}";

    /// <summary>The copies of a guest without a boot loader that its domain starts.</summary>
    public static string Kernel(string guest) => $"{guest.Replace('/', '_')}-vmlinuz";

    public static string Initramfs(string guest) => $"{guest.Replace('/', '_')}-initrd";

    /// <summary>0 is "a", 25 "z", 26 "aa": the letters that Linux gives to disks.</summary>
    public static string Letters(int index)
    {
        var letters = "";
        for (var n = index + 1; n > 0; n = (n - 1) / 26)
        {
            letters = (char)('a' + ((n - 1) % 26)) + letters;
        }

        return letters;
    }
}
