using System.Text.RegularExpressions;

namespace V2V.Engine.Sources.Vagrant;

/// <summary>The name of a box, which only the place that it lies in tells.</summary>
internal static partial class VagrantNames
{
    private static readonly string[] s_architectures = ["amd64", "arm64", "i386", "ppc64le", "s390x", "x86_64"];

    /// <summary>
    /// An archive's name; for a box in Vagrant's own store, ~/.vagrant.d/boxes/NAME/VERSION/[ARCHITECTURE/]PROVIDER, that NAME with a dash for the
    /// slash in it; else the folder's name.
    /// </summary>
    public static string Of(SourceFile metadata)
    {
        if (metadata.Store is not null)
        {
            // "/srv/debian.box!metadata.json"; on another host the folder's URI.
            var archive = metadata.Path[..^metadata.Name.Length].TrimEnd('!', '/');
            return SourceNames.FromPath(Uri.UnescapeDataString(archive));
        }

        string[] folders = [.. Path.GetDirectoryName(metadata.Path)!.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse()];
        var version = folders.Length > 1 && s_architectures.Contains(folders[1]) ? 2 : 1;
        return folders.Length == 0 ? Fallback
            : folders.Length > version + 1 && Version().IsMatch(folders[version]) ? folders[version + 1].Replace("-VAGRANTSLASH-", "-", StringComparison.Ordinal)
            : folders[0];
    }

    private const string Fallback = "box";

    [GeneratedRegex(@"^(0|v?[0-9]+(\.[0-9A-Za-z-]+)+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Version();
}
