namespace V2V.Engine.FileSystems;

/// <summary>What rename(2) says of a name that exists already; every format that is written keeps to it.</summary>
internal static class GuestRename
{
    /// <param name="to">The name that exists.</param>
    /// <param name="isDirectory">Whether a directory is renamed.</param>
    /// <param name="isTargetDirectory">Whether a directory has the name.</param>
    /// <param name="isTargetEmpty">Whether that directory is empty; asked only if there is one.</param>
    /// <param name="invalid">The format's refusal, by path and reason.</param>
    public static void CheckReplaceable(
        string to, bool isDirectory, bool isTargetDirectory, Func<bool> isTargetEmpty, Func<string, string, GuestFileSystemException> invalid)
    {
        if (isDirectory != isTargetDirectory)
        {
            throw invalid(to, isDirectory ? "is no directory, so a directory cannot replace it." : "is a directory.");
        }

        if (isTargetDirectory && !isTargetEmpty())
        {
            throw invalid(to, "the directory is not empty.");
        }
    }
}
