using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Packages;

/// <summary>A format in which Linux systems keep what is installed. Read through the guest's tree; nothing of the guest is executed.</summary>
internal abstract class PackageDatabase
{
    /// <summary>"deb", "rpm", "apk", "pacman".</summary>
    public abstract string Format { get; }

    /// <summary>Where this guest keeps it; null when it has none.</summary>
    public abstract string? Find(GuestRoot root);

    /// <summary>The installed packages, one at a time, so that what was read before an error is not lost.</summary>
    /// <exception cref="V2VException">The database is damaged, or of a form that is not read.</exception>
    public abstract IEnumerable<InstalledPackage> Read(GuestRoot root, string path);
}
