using V2V.Engine.Targets.Images;

namespace V2V.Engine.Targets;

/// <summary>What this process may do in a folder.</summary>
internal static class FolderAccess
{
    /// <summary>Deletes a folder unless something is in it, and tells whether it has.</summary>
    public static bool DeleteIfEmpty(string folder)
    {
        if (!System.IO.Directory.Exists(folder) || System.IO.Directory.EnumerateFileSystemEntries(folder).Any())
        {
            return false;
        }

        System.IO.Directory.Delete(folder);
        return true;
    }

    /// <summary>Deletes a file, if it and its folder are there.</summary>
    public static void DeleteFile(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody removed the folder with all that was in it.
        }
    }

    /// <summary>
    /// The reason why no file can be created; null if one can. Permissions, ACLs, read-only mounts and root-squashing servers each have
    /// their say, so it is tried: with an empty file that is gone at once, and where it can be had without a name.
    /// </summary>
    public static string? WhyNotWritable(string folder)
    {
        if (UnnamedFile.TryCreate(folder) is { } unnamed)
        {
            unnamed.Dispose();
            return null;
        }

        var probe = Path.Combine(folder, $".v2v-{Guid.NewGuid():N}");
        try
        {
            using (new FileStream(probe, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Options = FileOptions.DeleteOnClose,
            }))
            {
                return null;
            }
        }
        catch (UnauthorizedAccessException)
        {
            return "its permissions, or those of its file system, do not let this user make files in it.";
        }
        catch (FileNotFoundException)
        {
            return "its file system takes no files of anybody.";
        }
        catch (IOException e)
        {
            // The file is nothing that the reader knows of.
            return e.Message.Replace(probe, folder, StringComparison.Ordinal);
        }
    }

    /// <summary>Bytes that this user can still write; null when the file system does not tell.</summary>
    public static long? FreeBytes(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
