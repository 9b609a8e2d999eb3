using V2V.Engine.FileSystems;
using V2V.Engine.Inspection.Packages.Rpm.BerkeleyDb;
using V2V.Engine.Inspection.Packages.Rpm.Ndb;
using V2V.Engine.Inspection.Packages.Rpm.Sqlite;

namespace V2V.Engine.Inspection.Packages.Rpm;

/// <summary>rpm's database of installed headers, in each of the three stores that rpm has used since version 4.</summary>
internal sealed class RpmDatabase : PackageDatabase
{
    /// <summary>rpm's own default, where SUSE and Fedora moved it, and where rpm-ostree keeps it.</summary>
    private static readonly string[] Directories = ["/var/lib/rpm", "/usr/lib/sysimage/rpm", "/usr/share/rpm"];

    /// <summary>The newest first: a store that was converted may still lie beside its successor.</summary>
    private static readonly (string FileName, Func<GuestRoot, string, IEnumerable<StoredValue>> Read)[] Stores =
    [
        ("rpmdb.sqlite", (root, path) => new SqliteTable(SqlitePages.Open(root, path, "rpm"), "Packages").LastColumn()),
        ("Packages.db", (root, path) => new NdbPackages(new GuestFileWindows(root, path, "rpm")).Values()),
        ("Packages", (root, path) => new BerkeleyHash(new GuestFileWindows(root, path, "rpm")).Values()),
    ];

    public override string Format => "rpm";

    public override string? Find(GuestRoot root)
    {
        foreach (var directory in Directories)
        {
            foreach (var (fileName, _) in Stores)
            {
                if (root.FileExists($"{directory}/{fileName}"))
                {
                    return $"{directory}/{fileName}";
                }
            }
        }

        return null;
    }

    public override IEnumerable<InstalledPackage> Read(GuestRoot root, string path)
    {
        var store = Stores.First(s => path.EndsWith('/' + s.FileName, StringComparison.Ordinal));
        return store.Read(root, path).Where(RpmHeader.CanBe).Select(blob => RpmHeader.Read(blob, path).ToPackage());
    }
}
