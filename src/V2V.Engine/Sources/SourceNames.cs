namespace V2V.Engine.Sources;

/// <summary>The name of a guest whose descriptor has none.</summary>
internal static class SourceNames
{
    private static readonly string[] Suffixes =
        [".gz", ".xz", ".zst", ".bz2", ".tgz", ".tar", ".zip", ".box", ".img", ".ova", ".ovf", ".qcow2", ".raw", ".vmdk", ".vmx", ".vhd", ".vhdx", ".vdi", ".vbox", ".xva", "-flat", "-sda"];

    /// <summary>The file's name without the suffixes that say what it is: "web" for web-flat.vmdk and web-sda.</summary>
    public static string FromPath(string path)
    {
        // In an archive the member's name counts: "/srv/guests.tar!web.img".
        var name = Path.GetFileName(path);
        name = name[(name.IndexOf('!') is > 0 and var mark && mark < name.Length - 1 ? mark + 1 : 0)..];
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
