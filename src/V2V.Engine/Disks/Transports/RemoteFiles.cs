using System.Buffers;
using V2V.Engine.Disks.Transports.Http;
using V2V.Engine.Disks.Transports.Nbd;

namespace V2V.Engine.Disks.Transports;

/// <summary>A way to read files on other hosts.</summary>
/// <param name="Schemes">The URI schemes that stand for it.</param>
/// <param name="Locate">The place that a URI's file lies in, and the file's name there. Connects only when it must.</param>
internal sealed record RemoteTransport(string[] Schemes, Func<Uri, RemoteAccess, RemoteFile> Locate);

/// <param name="Store">The place that the file lies in.</param>
/// <param name="Name">Its name there.</param>
public sealed record RemoteFile(FileStore Store, string Name)
{
    /// <exception cref="DiskImageException">There is no such file, or it cannot be reached.</exception>
    public DiskFile Open() => Store.Open(Name) ?? throw new DiskImageException(V2VError.DiskImageNotFound, $"'{Store.PathOf(Name)}' does not exist.")
    {
        Path = Store.PathOf(Name),
        Advice = "Check the URI.",
    };
}

/// <summary>Files that are named by a URI.</summary>
public static class RemoteFiles
{
    internal static readonly RemoteTransport[] Transports =
    [
        new(HttpStore.Schemes, HttpStore.Locate),
        new(NbdUri.Schemes, NbdTransport.Locate),
    ];

    private static readonly SearchValues<char> SchemeCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    /// <summary>Whether a path is a URI, and no path of this host ("C:\..." is none).</summary>
    public static bool IsUri(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        int end = path.IndexOf("://", StringComparison.Ordinal);
        return end > 1 && path.AsSpan(0, end).IndexOfAnyExcept(SchemeCharacters) < 0;
    }

    /// <exception cref="DiskImageException">The URI is malformed, or of a scheme that V2V does not read.</exception>
    public static RemoteFile Locate(string uri, RemoteAccess access)
    {
        ArgumentNullException.ThrowIfNull(access);
        if (!Uri.TryCreate(uri, UriKind.Absolute, out Uri? parsed))
        {
            throw Refused(uri, "is not a valid URI", "Write special characters in it as %XX.");
        }

        return Array.Find(Transports, t => t.Schemes.Contains(parsed.Scheme, StringComparer.OrdinalIgnoreCase)) is { } transport
            ? transport.Locate(parsed, access)
            : throw Refused(
                uri, $"has the scheme {parsed.Scheme}, which cannot be read",
                $"The schemes are {string.Join(", ", Transports.SelectMany(t => t.Schemes))}. Copy the file to this host otherwise.");
    }

    private static DiskImageException Refused(string uri, string what, string advice)
    {
        // User and password end at the last '@', wherever somebody forgot to escape a '/' in them.
        int start = uri.IndexOf("://", StringComparison.Ordinal) + 3;
        uri = uri[..start] + uri[Math.Max(start, uri.LastIndexOf('@') + 1)..];
        return new DiskImageException(V2VError.DiskImageUnsupported, $"'{uri}' {what}.") { Path = uri, Advice = advice };
    }
}
