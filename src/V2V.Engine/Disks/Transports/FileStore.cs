namespace V2V.Engine.Disks.Transports;

/// <summary>
/// A place that holds the files of a guest and is not a folder of this host: an archive, a folder on another host. What a file of it names
/// is looked for in it and nowhere else.
/// </summary>
/// <remarks>
/// Names are relative to the place's top, with '/' between folders. They come in as <see cref="StoreName"/> makes them: without ".", ".."
/// or a leading '/', so that no implementation has to guard its border against them.
/// </remarks>
public abstract class FileStore
{
    /// <summary>Whether looking for a file may mean to unpack all that lies before.</summary>
    public virtual bool IsPacked => false;

    /// <summary>What messages call a file of it: "/srv/box.tar!box.ovf", "ssh://esx1/vmfs/volumes/ds/web/web.vmx".</summary>
    public abstract string PathOf(string name);

    /// <summary>Opens a file, or returns null when there is none of that name. The caller disposes it; the store stays usable.</summary>
    /// <exception cref="V2VException">The place cannot be reached, or the file not be opened.</exception>
    public abstract DiskFile? Open(string name);

    /// <summary>The name of what <paramref name="reference"/> means, as written in the file <paramref name="referrer"/>; null when that is not here.</summary>
    internal virtual string? Resolve(string referrer, string reference) => StoreName.Resolve(referrer, reference);

    /// <summary>The names of the files directly in a folder ("" is the top), as <see cref="Open"/> takes them.</summary>
    public abstract IEnumerable<string> Names(string folder);
}
