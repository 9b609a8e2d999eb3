using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources;

/// <summary>A file that a guest's descriptor names.</summary>
/// <param name="Path">What messages call it. Two names of one file have the same.</param>
/// <param name="Open">Opens it; null when there is no such file.</param>
internal sealed record GuestFile(string Path, Func<DiskFile>? Open);

/// <summary>
/// The place that a guest's descriptor lies in. A descriptor may come from anywhere, so what it names is looked for only in that place, in
/// the descriptor's folder or below: otherwise converting a stranger's guest could copy a file of the host into it.
/// </summary>
internal abstract class GuestFolder(string descriptor)
{
    /// <summary>What messages call the descriptor.</summary>
    protected string Descriptor => descriptor;

    /// <param name="descriptor">The descriptor.</param>
    /// <param name="options">Further folders in which files may lie.</param>
    /// <param name="withSiblings">The guest's files may also lie in the folders beside the descriptor's own, as in an export of Hyper-V.</param>
    public static GuestFolder Of(SourceFile descriptor, SourceOptions options, bool withSiblings = false) => descriptor.Store is { } store
        ? new StoreGuestFolder(descriptor, store, withSiblings)
        : new HostGuestFolder(descriptor.Path, options, withSiblings);

    /// <summary>The file that the descriptor names. It need not exist.</summary>
    /// <param name="reference">The name as the descriptor has it.</param>
    /// <exception cref="SourceException">It leads out of the folder.</exception>
    public GuestFile Find(string reference)
    {
        Check(reference);
        return FindFile(reference);
    }

    /// <summary>
    /// As <see cref="Find"/>, for descriptors that name files by where they were on the machine that they come from: a file of that name
    /// beside the descriptor is taken for it.
    /// </summary>
    public GuestFile FindMoved(string reference)
    {
        Check(reference);
        var name = StoreName.Base(reference);
        // "[datastore1] web/web.vmdk" is how VMware writes absolute paths.
        var isAbsolute = Path.IsPathRooted(reference) || IsWindowsAbsolute(reference) || reference[0] == '[';
        return isAbsolute && name.Length > 0 && !IsReachable(reference) && FindFile(name) is { Open: not null } beside ? beside : FindFile(reference);
    }

    protected abstract GuestFile FindFile(string reference);

    /// <summary>Whether an absolute path leads to a file that may be used.</summary>
    protected virtual bool IsReachable(string reference) => false;

    protected SourceException Outside(string reference, string folder, string advice) =>
        new(V2VError.DiskImageOutsideFolder, $"{descriptor} names the file {reference}, which lies outside {folder}.") { Path = descriptor, Advice = advice };

    protected static bool IsWindowsAbsolute(string reference) =>
        reference[0] == '\\' || (reference.Length > 1 && reference[1] == ':' && char.IsAsciiLetter(reference[0]));

    private void Check(string reference)
    {
        if (reference.Length == 0 || reference.Contains('\0'))
        {
            throw new SourceException(V2VError.SourceInvalid, $"{descriptor} names a disk with an empty or impossible file name.")
            {
                Path = descriptor,
                Advice = "Name the disk's file there, or export the guest again.",
            };
        }
    }
}
