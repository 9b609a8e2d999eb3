namespace V2V.Engine.IO;

/// <summary>
/// A temporary file without a name. What is in it, parts of a guest with its secrets, is for the owner's eyes only, and gone with the process,
/// even one that is killed.
/// </summary>
internal static class TemporaryFile
{
    /// <summary>The folder for temporary files: the one that was chosen, or the system's.</summary>
    public static string Folder(string? chosen) => chosen ?? Path.GetTempPath();

    /// <exception cref="IOException">There is no such folder, or no space in it.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written to.</exception>
    public static FileStream Create(string folder, string purpose)
    {
        var path = Path.Combine(folder, $"v2v-{purpose}-{Guid.NewGuid():N}.tmp");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Delete,
            BufferSize = 0,
            Options = FileOptions.DeleteOnClose,
        };
        if (OperatingSystem.IsWindows())
        {
            return new FileStream(path, options);
        }

        options.Options = FileOptions.None;
        options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var file = new FileStream(path, options);
        File.Delete(path);
        return file;
    }
}
