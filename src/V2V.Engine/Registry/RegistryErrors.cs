namespace V2V.Engine.Registry;

/// <summary>The exceptions of this folder, so that every one names the hive, its format and the place in the file.</summary>
internal static class RegistryErrors
{
    public const string Format = "registry hive";

    private const string RepairAdvice =
        "Start Windows in the source guest once, which repairs its registry from logs and backups, shut it down cleanly, and try again.";

    /// <param name="path">The hive's path in the guest.</param>
    /// <param name="offset">Byte offset in the file.</param>
    /// <param name="message">What is wrong there.</param>
    public static GuestFileSystemException Corrupt(string path, long? offset, string message) =>
        new(V2VError.RegistryCorrupt, $"The registry hive {path} is damaged{(offset is { } at ? $" at byte {at}" : "")}: {message}")
        {
            Format = Format,
            Path = path,
            Offset = offset,
            Advice = RepairAdvice,
        };

    public static GuestFileSystemException NotClean(string path, string message) =>
        new(V2VError.RegistryNotClean, $"The registry hive {path} was being written when the guest stopped, {message}")
        {
            Format = Format,
            Path = path,
            Advice = RepairAdvice,
        };

    public static GuestFileSystemException Unsupported(string path, string message, string? advice = null) =>
        new(V2VError.RegistryUnsupported, $"The registry hive {path} {message}") { Format = Format, Path = path, Advice = advice };

    public static GuestFileSystemException Full(string path, string message) =>
        new(V2VError.RegistryUnsupported, $"The registry hive {path} has no room: {message}") { Format = Format, Path = path };

    public static GuestFileSystemException NotFound(string path) =>
        new(V2VError.GuestPathNotFound, $"The registry hive {path} does not exist in the guest.") { Format = Format, Path = path };
}
