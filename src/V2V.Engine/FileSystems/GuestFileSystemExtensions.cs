using System.Text;

namespace V2V.Engine.FileSystems;

/// <summary>Whole-file conveniences over the positional contract.</summary>
public static class GuestFileSystemExtensions
{
    /// <summary>The most that is read into memory at once; configuration files and modules are far smaller, an initramfs fits.</summary>
    public const long MaxWholeFile = 512L << 20;

    /// <summary>The most that is read as text: the longest such file of a Linux guest, dpkg's status, has about 10 MB on a full desktop.</summary>
    public const long MaxTextFile = 32L << 20;

    /// <exception cref="GuestFileSystemException">There is no regular file there, or it is longer than <paramref name="limit"/> bytes.</exception>
    public static byte[] ReadAllBytes(this GuestFileSystem fileSystem, string path, long limit = MaxWholeFile)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        var file = fileSystem.Find(path)
            ?? throw new GuestFileSystemException(V2VError.GuestPathNotFound, $"{path} does not exist in the guest's {fileSystem.Kind} file system.")
            { Path = path, Format = fileSystem.Kind };
        if (!file.IsRegular)
        {
            throw new GuestFileSystemException(V2VError.GuestPathInvalid, $"{path} is not a regular file.") { Path = path, Format = fileSystem.Kind };
        }

        if (file.Length > limit)
        {
            throw new GuestFileSystemException(
                V2VError.GuestPathInvalid, $"{path} is {file.Length} bytes long; at most {limit} bytes are expected of such a file.")
            { Path = path, Format = fileSystem.Kind };
        }

        var content = new byte[file.Length];
        var done = 0;
        while (done < content.Length)
        {
            var read = fileSystem.Read(path, done, content.AsSpan(done));
            if (read == 0)
            {
                return content[..done];
            }

            done += read;
        }

        return content;
    }

    /// <summary>Reads a text file as UTF-8; Latin-1 bytes in old configuration files survive <see cref="WriteAllText"/> unharmed.</summary>
    public static string ReadAllText(this GuestFileSystem fileSystem, string path) =>
        GuestText.Decode(ReadAllBytes(fileSystem, path, MaxTextFile));

    /// <summary>
    /// Replaces the contents of <paramref name="path"/>, creating it when it is not there. An existing file keeps its inode, owner, mode,
    /// extended attributes and other names.
    /// </summary>
    public static void WriteAllBytes(
        this WritableGuestFileSystem fileSystem, string path, ReadOnlySpan<byte> content, GuestFileAttributes? attributes = null)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        if (fileSystem.Find(path) is null)
        {
            fileSystem.CreateFile(path, attributes ?? new GuestFileAttributes());
        }

        fileSystem.Truncate(path, 0);
        if (!content.IsEmpty)
        {
            fileSystem.Write(path, 0, content);
        }

        if (attributes is not null)
        {
            fileSystem.SetAttributes(path, attributes);
        }
    }

    public static void WriteAllText(
        this WritableGuestFileSystem fileSystem, string path, string content, GuestFileAttributes? attributes = null) =>
        WriteAllBytes(fileSystem, path, GuestText.Encode(content), attributes);
}

/// <summary>
/// UTF-8 with every other byte mapped to the lone surrogate U+DC00+byte, so that names and files in any encoding survive a round trip.
/// The same idea as PEP 383 for Python.
/// </summary>
public static class GuestText
{
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var consumed) == System.Buffers.OperationStatus.Done)
            {
                text.Append(rune.ToString());
                bytes = bytes[consumed..];
            }
            else
            {
                text.Append((char)(0xDC00 + bytes[0]));
                bytes = bytes[1..];
            }
        }

        return text.ToString();
    }

    public static byte[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var bytes = new List<byte>(text.Length);
        Span<byte> utf8 = stackalloc byte[4];
        for (var i = 0; i < text.Length;)
        {
            if (Rune.TryGetRuneAt(text, i, out var rune))
            {
                var length = rune.EncodeToUtf8(utf8);
                bytes.AddRange(utf8[..length]);
                i += rune.Utf16SequenceLength;
            }
            else
            {
                bytes.Add((byte)(text[i] - 0xDC00));
                i++;
            }
        }

        return [.. bytes];
    }
}
