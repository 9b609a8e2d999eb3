using V2V.Engine.FileSystems;
using V2V.Engine.Inspection.Packages.Rpm;

namespace V2V.Engine.Inspection.Packages;

/// <summary>The package databases that are known, in the order in which they are asked.</summary>
internal static class PackageDatabases
{
    /// <summary>A desktop with everything installed has some 10,000 packages.</summary>
    private const int MaxPackages = 200_000;

    private static readonly PackageDatabase[] All = [new DpkgDatabase(), new RpmDatabase(), new ApkDatabase(), new PacmanDatabase()];

    /// <summary>
    /// What is installed. A guest may have the tools of another family, and their database with a few packages or none; the one with the most
    /// packages is the guest's own.
    /// </summary>
    /// <param name="root">The guest's tree.</param>
    /// <param name="concerns">Gets what could not be read.</param>
    public static (string? Format, IReadOnlyList<InstalledPackage> Packages) Read(GuestRoot root, ICollection<Concern> concerns)
    {
        string? format = null;
        List<InstalledPackage> most = [];
        foreach (var database in All)
        {
            if (database.Find(root) is not { } path)
            {
                continue;
            }

            var packages = new List<InstalledPackage>();
            try
            {
                packages.AddRange(database.Read(root, path).Take(MaxPackages));
            }
            catch (V2VException e)
            {
                concerns.Add(Unreadable(database, path, packages.Count, e));
            }

            if (format is null || packages.Count > most.Count)
            {
                (format, most) = (database.Format, packages);
            }
        }

        return (format, most);
    }

    private static Concern Unreadable(PackageDatabase database, string path, int count, V2VException e) => new(
        ConcernSeverity.Warning, "PackagesUnknown",
        $"The {database.Format} database {path} could not be read{(count > 0 ? $" beyond its first {count} packages" : "")}: {e.Message}",
        e.Advice ?? "The conversion goes on without it: hypervisor tools that are installed as packages may be missed.");
}
