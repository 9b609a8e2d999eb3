using V2V.Engine.Disks.Transports.ReadAhead;

namespace V2V.Engine.Disks.Transports.Http;

/// <summary>
/// A folder of an HTTP server. The query of its URI goes with every file's: ESX and vCenter name datacenter and datastore in it. User,
/// password and query, which may be a secret too, never show up in messages.
/// </summary>
internal sealed class HttpStore : FileStore
{
    private readonly Uri _folder;
    private readonly HttpSession _session;
    private readonly (string Name, Uri Uri)? _given;

    /// <param name="folder">The folder, with the query that its files need. Without a '/' at its end the last part is left off.</param>
    /// <param name="access">How to get at it; user and password may also stand in the URI.</param>
    public HttpStore(Uri folder, RemoteAccess access)
    {
        _session = new HttpSession(folder, access);
        string path = folder.GetComponents(UriComponents.Path | UriComponents.KeepDelimiter, UriFormat.UriEscaped);
        _folder = new UriBuilder(folder) { UserName = "", Password = "", Fragment = "", Path = path[..(path.LastIndexOf('/') + 1)] }.Uri;
    }

    private HttpStore(Uri file, string name, RemoteAccess access)
        : this(file, access) => _given = (name, new UriBuilder(file) { UserName = "", Password = "", Fragment = "" }.Uri);

    public static readonly string[] Schemes = [Uri.UriSchemeHttps, Uri.UriSchemeHttp];

    /// <summary>The folder of a file, which is all that the file can refer to.</summary>
    public static RemoteFile Locate(Uri uri, RemoteAccess access)
    {
        string path = uri.GetComponents(UriComponents.Path, UriFormat.UriEscaped);
        string name = Uri.UnescapeDataString(path[(path.LastIndexOf('/') + 1)..]);
        return name.Length > 0
            ? new RemoteFile(new HttpStore(uri, name, access), name)
            : throw new DiskImageException(V2VError.DiskImageUnsupported, $"'{new HttpStore(uri, access).PathOf("")}' names a folder, not a file.")
            {
                Path = uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped),
                Format = "HTTP",
                Advice = "Name the disk image itself.",
            };
    }

    public override string PathOf(string name) => _folder.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.SafeUnescaped) + name;

    public override DiskFile? Open(string name) => HttpFile.Open(this, _session, UriOf(name), name) is { } file ? ReadAheadFile.Over(file) : null;

    /// <summary>None: there is no standard way to ask an HTTP server for what lies in a folder.</summary>
    public override IEnumerable<string> Names(string folder) => [];

    /// <summary>A file that was named by a URI is asked for as it was written there: some servers tell "%2B" from "+".</summary>
    private Uri UriOf(string name) => _given is { } given && given.Name == name
        ? given.Uri
        : new UriBuilder(_folder) { Path = _folder.AbsolutePath + string.Join('/', name.Split('/').Select(Uri.EscapeDataString)) }.Uri;
}
