namespace V2V.Engine.FileSystems.Iso9660;

/// <summary>The exceptions of this folder, so that every one carries its format and reads alike.</summary>
internal static class IsoErrors
{
    public const string Format = "iso9660";

    public static GuestFileSystemException Corrupt(string message, long? offset = null, string? path = null) =>
        new(V2VError.FileSystemCorrupt, $"The ISO 9660 file system is damaged: {message}")
        {
            Format = Format,
            Offset = offset,
            Path = path,
            Advice = "Compare the image's size and checksum with the original's.",
        };

    public static GuestFileSystemException Unsupported(string path, string message) =>
        new(V2VError.FileSystemUnsupported, $"{path} {message}") { Format = Format, Path = path };

    public static GuestFileSystemException NotFound(string path) =>
        new(V2VError.GuestPathNotFound, $"{path} does not exist in the ISO 9660 file system.") { Format = Format, Path = path };

    public static GuestFileSystemException Invalid(string path, string message) =>
        new(V2VError.GuestPathInvalid, $"{path}: {message}") { Format = Format, Path = path };
}
