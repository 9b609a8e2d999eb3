namespace V2V.Engine.Conversion.Initramfs;

/// <summary>Which files' contents are kept while an initramfs is read: those that decide how it finds its drivers and disks.</summary>
internal static class InitramfsContentOfInterest
{
    /// <summary>The largest of these files, modules.alias of a distribution's whole kernel, has about 1.5 MB.</summary>
    public const long MaxLength = 16 << 20;

    /// <summary>For everything together; no sound image comes near.</summary>
    public const long MaxTotalLength = 48 << 20;

    private static readonly string[] s_indexes = ["modules.dep", "modules.alias", "modules.softdep", "modules.builtin"];

    private static readonly string[] s_directories =
        ["conf/", "modprobe.d/", "modules-load.d/", "cmdline.d/", "initqueue/finished/"];

    private static readonly string[] s_files =
    [
        "init", "config", "buildconfig", "etc/cmdline", "etc/crypttab", "cryptroot/crypttab", "etc/fstab", "etc/fstab.sys", "etc/lvm/lvm.conf",
        "etc/lvm/lvmlocal.conf", BoosterImage.ConfigurationPath, BoosterImage.AliasPath,
    ];

    /// <param name="path">Path as the archive spells it.</param>
    public static bool Includes(string path)
    {
        var plain = path.TrimStart('.', '/');
        if (s_files.Contains(plain) || plain.StartsWith("config/", StringComparison.Ordinal))
        {
            return true;
        }

        if (plain.Contains("lib/modules/", StringComparison.Ordinal))
        {
            var name = path[(path.LastIndexOf('/') + 1)..];
            return s_indexes.Contains(name.EndsWith(".bin", StringComparison.Ordinal) ? name[..^4] : name);
        }

        return s_directories.Any(d => plain.Contains(d, StringComparison.Ordinal));
    }
}
