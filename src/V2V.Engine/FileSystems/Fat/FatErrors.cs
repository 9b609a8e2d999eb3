namespace V2V.Engine.FileSystems.Fat;

/// <summary>The exceptions of this folder, so that every one carries its format and reads alike.</summary>
internal static class FatErrors
{
    public const string Format = "vfat";

    private const string RepairAdvice = "Run fsck.fat -a on the volume in the source guest, shut it down cleanly, and try again.";

    public static GuestFileSystemException Corrupt(string message, long? offset = null) =>
        new(V2VError.FileSystemCorrupt, $"The FAT file system is damaged: {message}") { Format = Format, Offset = offset, Advice = RepairAdvice };

    public static GuestFileSystemException Unsupported(string message, string? path = null, string? advice = null) =>
        new(V2VError.FileSystemUnsupported, message) { Format = Format, Path = path, Advice = advice };

    public static GuestFileSystemException Full(string message) =>
        new(V2VError.FileSystemFull, message)
        {
            Format = Format,
            Advice = "Free some space on this file system in the source guest, or enlarge it, and try again.",
        };

    public static GuestFileSystemException NotFound(string path) =>
        new(V2VError.GuestPathNotFound, $"{path} does not exist in the guest's FAT file system.") { Format = Format, Path = path };

    public static GuestFileSystemException Exists(string path) =>
        new(V2VError.GuestPathExists, $"{path} exists already in the guest's FAT file system.") { Format = Format, Path = path };

    public static GuestFileSystemException Invalid(string path, string message) =>
        new(V2VError.GuestPathInvalid, $"{path}: {message}") { Format = Format, Path = path };
}
