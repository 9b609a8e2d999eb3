namespace V2V.Engine.Targets.Images;

/// <summary>Turns the errors of the file on the target into <see cref="TargetException"/>s.</summary>
internal static class TargetErrors
{
    // On Unix an IOException's HResult is the errno, on Windows a Win32 error as HRESULT.
    private const int NoSpace = 28; // ENOSPC, the same on Linux, macOS and the BSDs
    private const int LinuxQuotaExceeded = 122; // EDQUOT
    private const int MacQuotaExceeded = 69; // EDQUOT
    private const int FileTooLarge = 27; // EFBIG
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    public static bool IsFileError(Exception e) => e is IOException or UnauthorizedAccessException;

    /// <param name="e">What the file system said.</param>
    /// <param name="path">The image file.</param>
    /// <param name="format">Format of the image.</param>
    /// <param name="what">What was tried and failed, without a full stop.</param>
    /// <param name="needed">Bytes that were to be written, where that is known.</param>
    /// <param name="offset">Position in the file, where there is one.</param>
    public static TargetException Translate(Exception e, string path, string format, string what, long needed = 0, long? offset = null)
    {
        if (IsFull(e))
        {
            var free = FreeBytes(path) is { } bytes ? $"{bytes} bytes are free" : "how much is free cannot be told";
            var more = needed > 0 ? $"{needed} more bytes are needed now, " : "";
            return new TargetException(V2VError.TargetFull, $"{what}: the file system is full or the quota is used up; {more}{free}.", e)
            {
                Path = path,
                Format = format,
                Offset = offset,
                Advice = "Free some space or choose another target, and convert again.",
            };
        }

        // Setting a file's length, .NET turns EFBIG into an ArgumentOutOfRangeException.
        var tooLarge = e is ArgumentOutOfRangeException || (e.HResult == FileTooLarge && !OperatingSystem.IsWindows());
        var reason = tooLarge ? "the file system allows no file of this size." : e.Message;
        return new TargetException(V2VError.TargetWriteFailed, $"{what}: {reason}", e)
        {
            Path = path,
            Format = format,
            Offset = offset,
            Advice = tooLarge
                ? "The target's file system (or the process's file size limit) does not allow files of this size: choose another target."
                : "Check that the folder exists and that you may write to it.",
        };
    }

    private static bool IsFull(Exception e) => OperatingSystem.IsWindows()
        ? e.HResult is WindowsDiskFull or WindowsHandleDiskFull
        : e.HResult == NoSpace || e.HResult == (OperatingSystem.IsMacOS() ? MacQuotaExceeded : LinuxQuotaExceeded);

    private static long? FreeBytes(string path)
    {
        try
        {
            return new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path)) ?? path).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
