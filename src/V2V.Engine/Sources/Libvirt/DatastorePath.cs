namespace V2V.Engine.Sources.Libvirt;

/// <summary>A file as VMware names it: "[datastore1] web/web.vmdk".</summary>
/// <param name="Datastore">The datastore's name.</param>
/// <param name="File">The path in it, with '/' between folders.</param>
internal sealed record DatastorePath(string Datastore, string File)
{
    /// <summary>Null for what is no such path.</summary>
    public static DatastorePath? Parse(string text)
    {
        // Names of datastores may have brackets in them, names of files may not begin with a blank.
        var end = text.IndexOf("] ", StringComparison.Ordinal);
        return text.StartsWith('[') && end > 1 && text[(end + 2)..].TrimStart('/') is { Length: > 0 } file && !file.Contains('\0', StringComparison.Ordinal)
            && !file.Split('/').Contains("..")
            ? new DatastorePath(text[1..end], file)
            : null;
    }
}
