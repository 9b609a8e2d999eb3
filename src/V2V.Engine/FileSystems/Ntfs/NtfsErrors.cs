namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The exceptions of this folder, so that every one carries its format and reads alike.</summary>
internal static class NtfsErrors
{
    public const string Format = "ntfs";

    private const string RepairAdvice =
        "Start the source guest, run chkdsk /f on the volume there, shut it down with \"shutdown /s /t 0\", and try again.";

    public static GuestFileSystemException Corrupt(string message, long? offset = null, string? path = null) =>
        new(V2VError.FileSystemCorrupt, $"The NTFS file system is damaged: {message}")
        {
            Format = Format,
            Offset = offset,
            Path = path,
            Advice = RepairAdvice,
        };

    public static GuestFileSystemException Unsupported(string message, string? advice = null, string? path = null) =>
        new(V2VError.FileSystemUnsupported, message) { Format = Format, Advice = advice, Path = path };

    public static GuestFileSystemException NotClean(string message, string advice = RepairAdvice) =>
        new(V2VError.FileSystemNotClean, message) { Format = Format, Advice = advice };

    public static GuestFileSystemException Full(string message) =>
        new(V2VError.FileSystemFull, message)
        {
            Format = Format,
            Advice = "Free some space on this volume in the source guest, or enlarge it, and try again.",
        };

    public static GuestFileSystemException NotFound(string path) =>
        new(V2VError.GuestPathNotFound, $"{path} does not exist in the guest's NTFS file system.") { Format = Format, Path = path };

    public static GuestFileSystemException Exists(string path) =>
        new(V2VError.GuestPathExists, $"{path} exists already in the guest's NTFS file system.") { Format = Format, Path = path };

    public static GuestFileSystemException Invalid(string path, string message) =>
        new(V2VError.GuestPathInvalid, $"{path}: {message}") { Format = Format, Path = path };
}
