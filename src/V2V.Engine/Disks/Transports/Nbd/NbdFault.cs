namespace V2V.Engine.Disks.Transports.Nbd;

/// <summary>What is wrong with an NBD server, with its context. Broken connections are an IOException until they are given up.</summary>
internal static class NbdFault
{
    private const string Format = "NBD";

    /// <summary>The server answers what the protocol does not allow; to ask it again is of no use.</summary>
    public static DiskImageException Protocol(string path, string what) =>
        new(V2VError.DiskImageReadFailed, $"The NBD server of '{path}' does not keep to the protocol: {what}.")
        {
            Path = path,
            Format = Format,
            Advice = "Check that the port is that of an NBD server, and what the server logs.",
        };

    public static DiskImageException Refused(V2VError error, string path, string what, string advice, Exception? inner = null) =>
        new(error, $"The NBD server of '{path}' {what}.", inner) { Path = path, Format = Format, Advice = advice };

    public static DiskImageException Unreachable(string path, Exception inner) =>
        new(V2VError.RemoteUnavailable, $"The NBD server of '{path}' cannot be reached: {inner.Message}", inner)
        {
            Path = path,
            Format = Format,
            Advice = "Check host, port and socket, that the server runs, and what firewalls let through.",
        };

    /// <summary>The server answers, but does not have these bytes.</summary>
    public static DiskImageException Unreadable(string path, long offset, string what) =>
        new(V2VError.DiskImageReadFailed, $"'{path}' cannot be read at byte {offset}: {what}")
        {
            Path = path,
            Format = Format,
            Offset = offset,
            Advice = "Check the server and what it logs.",
            IsConfined = true,
        };

    public static DiskImageException ReadFailed(string path, long offset, string what, Exception? inner = null) =>
        new(V2VError.DiskImageReadFailed, $"'{path}' cannot be read at byte {offset}: {what}", inner)
        {
            Path = path,
            Format = Format,
            Offset = offset,
            Advice = "Check the server and what it logs.",
        };
}
