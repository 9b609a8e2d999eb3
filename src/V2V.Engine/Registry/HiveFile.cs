using V2V.Engine.FileSystems;

namespace V2V.Engine.Registry;

/// <summary>A hive's or log's file in the guest, read and written by position.</summary>
internal sealed class HiveFile
{
    private readonly GuestLocation _location;

    private HiveFile(GuestLocation location, long length)
    {
        _location = location;
        Length = length;
    }

    public string Path => _location.GuestPath;

    /// <summary>Bytes.</summary>
    public long Length { get; private set; }

    /// <summary>The file at <paramref name="path"/>, whose components Windows spells in any case; null when there is none.</summary>
    public static HiveFile? TryOpen(GuestRoot root, string path)
    {
        if ((root.FileExists(path) ? path : Spelled(root, path)) is not { } spelled)
        {
            return null;
        }

        var location = root.Resolve(spelled);
        return location.FileSystem.Find(location.Path) is { IsRegular: true } file ? new HiveFile(location, file.Length) : null;
    }

    /// <summary>Those files beside this one that have its name with one of these endings, in the endings' order.</summary>
    public IReadOnlyList<HiveFile> Beside(GuestRoot root, IReadOnlyList<string> suffixes)
    {
        var at = Path.LastIndexOf('/');
        var names = root.Enumerate(at == 0 ? "/" : Path[..at]).Select(e => e.Name).ToList();
        return [.. suffixes
            .Select(suffix => names.FirstOrDefault(n => n.Equals(Path[(at + 1)..] + suffix, StringComparison.OrdinalIgnoreCase)))
            .OfType<string>()
            .Select(name => TryOpen(root, $"{Path[..at]}/{name}"))
            .OfType<HiveFile>()];
    }

    /// <summary>Fills the buffer, or throws when the file ends before.</summary>
    public void Read(long offset, Span<byte> buffer)
    {
        if (TryRead(offset, buffer) != buffer.Length)
        {
            throw RegistryErrors.Corrupt(Path, offset, $"{buffer.Length} bytes are expected there, and the file ends before.");
        }
    }

    /// <summary>Reads as much as there is.</summary>
    public int TryRead(long offset, Span<byte> buffer)
    {
        var done = 0;
        while (done < buffer.Length && offset + done < Length)
        {
            var read = _location.FileSystem.Read(_location.Path, offset + done, buffer[done..]);
            if (read == 0)
            {
                break;
            }

            done += read;
        }

        return done;
    }

    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        _location.Writable.Write(_location.Path, offset, data);
        Length = Math.Max(Length, offset + data.Length);
    }

    public void Empty()
    {
        _location.Writable.Truncate(_location.Path, 0);
        Length = 0;
    }

    /// <summary>The path as the guest spells it, each component compared without regard to case; null when one is missing.</summary>
    private static string? Spelled(GuestRoot root, string path)
    {
        var here = "";
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var names = root.Enumerate(here.Length == 0 ? "/" : here).Select(e => e.Name);
            if (names.FirstOrDefault(n => n.Equals(part, StringComparison.OrdinalIgnoreCase)) is not { } name)
            {
                return null;
            }

            here += "/" + name;
        }

        return root.FileExists(here) ? here : null;
    }
}
