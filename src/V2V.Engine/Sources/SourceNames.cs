using V2V.Engine.Disks.Parallels;

namespace V2V.Engine.Sources;

/// <summary>The name of a guest whose descriptor has none.</summary>
internal static class SourceNames
{
    private static readonly string[] Suffixes =
        [".img", ".ova", ".ovf", ".qcow2", ".qcow", ".qed", ".raw", ".vmdk", ".vmx", ".vhd", ".vhdx", ".vdi", ".hdd", ".hds", ".vbox", ".xva", "-flat", "-sda"];

    /// <summary>
    /// The file's name without the suffixes that say what it is: "web" for web-flat.vmdk and web-sda. A Parallels disk is named after its folder.
    /// </summary>
    public static string FromPath(string path)
    {
        var name = Path.GetFileName(path);
        if (name == ParallelsDescriptor.FileName && Path.GetFileName(Path.GetDirectoryName(path)) is { Length: > 0 } folder)
        {
            name = folder;
        }

        foreach (var suffix in Suffixes)
        {
            if (name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                name = name[..^suffix.Length];
            }
        }

        return name;
    }
}
