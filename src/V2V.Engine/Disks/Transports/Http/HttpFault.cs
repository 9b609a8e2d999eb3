using System.Net;

namespace V2V.Engine.Disks.Transports.Http;

/// <summary>What is wrong with an HTTP server, with its context.</summary>
internal static class HttpFault
{
    private const string Format = "HTTP";

    public static DiskImageException Unreachable(string path, Exception inner) =>
        new(V2VError.RemoteUnavailable, $"The server of '{path}' cannot be reached: {inner.Message}", inner)
        {
            Path = path,
            Format = Format,
            Advice = "Check the host's name and port, that the server runs, and what firewalls and proxies let through.",
        };

    public static DiskImageException Unauthorised(string path, HttpResponseMessage response) =>
        new(V2VError.AuthenticationFailed, $"The server does not give out '{path}': it answers {Status(response)}.")
        {
            Path = path,
            Format = Format,
            Advice = response.StatusCode == HttpStatusCode.ProxyAuthenticationRequired
                ? "Give the proxy's user and password in the environment variable that names it."
                : "Check user name and password, and what this user may read.",
        };

    public static DiskImageException Unsupported(string path, string what, string advice) =>
        new(V2VError.DiskImageUnsupported, $"The server of '{path}' {what}.") { Path = path, Format = Format, Advice = advice };

    public static DiskImageException Changed(string path, long offset) => ReadFailed(
        path, offset, "it is no longer the file that was opened.", "Wait until nobody changes the file (an upload, a running guest), then start again.");

    public static DiskImageException ReadFailed(string path, long offset, string what, string? advice = null, Exception? inner = null) =>
        new(V2VError.DiskImageReadFailed, $"'{path}' cannot be read at byte {offset}: {what}", inner)
        {
            Path = path,
            Format = Format,
            Offset = offset,
            Advice = advice ?? "Check the server and what it logs.",
        };

    /// <summary>"503 Service Unavailable".</summary>
    public static string Status(HttpResponseMessage response) => ServerText.Clean($"{(int)response.StatusCode} {response.ReasonPhrase}").TrimEnd();
}
