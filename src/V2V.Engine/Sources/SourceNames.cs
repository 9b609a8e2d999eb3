using V2V.Engine.Disks.Parallels;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources;

/// <summary>The name of a guest whose descriptor has none.</summary>
internal static class SourceNames
{
    private static readonly string[] Suffixes =
        [".gz", ".xz", ".zst", ".bz2", ".tgz", ".tar", ".zip", ".box", ".img", ".ova", ".ovf", ".qcow2", ".qcow", ".qed", ".raw", ".vmdk", ".vmx", ".vhd", ".vhdx", ".vdi", ".hdd", ".hds", ".vbox", ".xva", "-flat", "-sda"];

    /// <summary>
    /// The file's name without the suffixes that say what it is: "web" for web-flat.vmdk and web-sda. A URI that names no file gives the host,
    /// a Parallels disk the name of its folder.
    /// </summary>
    public static string FromPath(string path)
    {
        // In an archive the member's name counts: "/srv/guests.tar!web.img".
        var name = FileName(path);
        if (name == ParallelsDescriptor.FileName && Path.GetFileName(Path.GetDirectoryName(path)) is { Length: > 0 } folder)
        {
            name = folder;
        }

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

    private static string FileName(string path)
    {
        if (!RemoteFiles.IsUri(path) || !Uri.TryCreate(path, UriKind.Absolute, out var uri))
        {
            return Path.GetFileName(path);
        }

        var name = Path.GetFileName(Uri.UnescapeDataString(uri.AbsolutePath));
        return name.Length > 0 ? name : uri.Host.Length > 0 ? uri.Host : "disk";
    }
}
