namespace V2V.Engine.Sources;

/// <summary>Reads descriptors, which are small texts whatever the size of the guest.</summary>
internal static class DescriptorFile
{
    /// <summary>An OVF with every translation of a long licence stays well below this; a file that is larger is not a descriptor.</summary>
    public const int MaximumLength = 4 << 20;

    /// <summary>As much of a file as it takes to recognise its kind.</summary>
    public const int HeadLength = 4096;

    public static byte[] Read(string path, string format)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            if (file.Length > MaximumLength)
            {
                throw TooLarge(path, format, file.Length);
            }

            var content = new byte[file.Length];
            file.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>The first bytes of a file, fewer if it is shorter.</summary>
    public static byte[] ReadHead(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var head = new byte[HeadLength];
            return head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    public static SourceException TooLarge(string path, string format, long length) =>
        new(V2VError.SourceInvalid, $"{path} has {length} bytes; a {format} descriptor has at most {MaximumLength}.")
        {
            Path = path,
            Format = format,
            Advice = "Check that it is the descriptor and not a disk image with its name.",
        };

    private static SourceException Unreadable(string path, Exception e) => e is FileNotFoundException or DirectoryNotFoundException
        ? new SourceException(V2VError.SourceNotFound, $"{path} does not exist.", e) { Path = path, Advice = "Check the path." }
        : new SourceException(V2VError.SourceInvalid, $"{path} cannot be read: {e.Message}", e)
        {
            Path = path,
            Advice = "Check that the file is readable by this user.",
        };
}
