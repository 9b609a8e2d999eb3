using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Packages;

/// <summary>dpkg's status file, of Debian and its derivatives.</summary>
internal sealed class DpkgDatabase : PackageDatabase
{
    private const string Path = "/var/lib/dpkg/status";

    public override string Format => "deb";

    public override string? Find(GuestRoot root) => root.FileExists(Path) ? Path : null;

    public override IEnumerable<InstalledPackage> Read(GuestRoot root, string path) => DpkgStatus.Parse(root.ReadAllText(path));
}
