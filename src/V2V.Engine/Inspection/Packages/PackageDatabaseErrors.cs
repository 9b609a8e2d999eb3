namespace V2V.Engine.Inspection.Packages;

/// <summary>The ways in which a package database can turn out to be unreadable.</summary>
internal static class PackageDatabaseErrors
{
    public static GuestFileSystemException Corrupt(string format, string path, long offset, string what) =>
        new(V2VError.GuestPathInvalid, $"{path} is damaged at offset {offset}: {what}.") { Path = path, Format = format, Offset = offset };

    public static GuestFileSystemException Unsupported(string format, string path, string what) =>
        new(V2VError.GuestPathInvalid, $"{path} {what}, which V2V does not read.") { Path = path, Format = format };
}
