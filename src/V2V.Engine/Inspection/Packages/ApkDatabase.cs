using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Packages;

/// <summary>
/// apk's list of what is installed, of Alpine Linux: paragraphs of "X:value" lines, of which P is the package's name, V its version and A
/// its architecture (apk-tools, doc/apk-package.5.scd); the lines of its files follow in the same paragraph.
/// </summary>
internal sealed class ApkDatabase : PackageDatabase
{
    /// <summary>apk 3 follows the distribution's move of everything into /usr.</summary>
    private static readonly string[] Paths = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];

    public override string Format => "apk";

    public override string? Find(GuestRoot root) => Paths.FirstOrDefault(root.FileExists);

    public override IEnumerable<InstalledPackage> Read(GuestRoot root, string path)
    {
        string name = "", version = "", architecture = "";
        foreach (var line in root.ReadAllText(path).Split('\n').Append(""))
        {
            if (line.Length == 0)
            {
                if (name.Length > 0)
                {
                    yield return new InstalledPackage(name, version, architecture);
                }

                name = version = architecture = "";
            }
            else if (line.StartsWith("P:", StringComparison.Ordinal))
            {
                name = line[2..];
            }
            else if (line.StartsWith("V:", StringComparison.Ordinal))
            {
                version = line[2..];
            }
            else if (line.StartsWith("A:", StringComparison.Ordinal))
            {
                architecture = line[2..];
            }
        }
    }
}
