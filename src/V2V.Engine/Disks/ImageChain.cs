using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks;

/// <summary>
/// The files that one disk is made of, as they are opened: the image, its extents, its parents. Bounds how far an image may lead and
/// where to, and closes everything when opening fails half-way.
/// </summary>
internal sealed class ImageChain
{
    // VMware allows 32 snapshots, QEMU's tools grow slow from some hundred on.
    private const int MaximumDepth = 256;

    // Twice the largest that one image may have. A disk of thousands of extents, each of which demanded that much, would take all memory.
    private const long MaximumTables = 256 << 20;

    private readonly DiskOpenOptions _options;
    private readonly List<DiskFile> _files = [];
    private readonly HashSet<string> _images = [];
    private long _tables;
    private bool _parentIsTaken;

    public ImageChain(DiskFile image, DiskOpenOptions options)
    {
        _options = options;
        _files.Add(image);
        _images.Add(Identity(image));
    }

    /// <summary>The disk that the image builds upon by somebody else's word; null for those below it.</summary>
    public BlockDevice? TakeGivenParent(DiskFile image)
    {
        if (image != _files[0])
        {
            return null;
        }

        _parentIsTaken = true;
        return _options.Parent;
    }

    /// <summary>What is another as soon as the bytes of one of the files are; null when one of them cannot tell.</summary>
    public string? Version
    {
        get
        {
            var all = _files.ConvertAll(f => f.Version);
            if (_parentIsTaken && _options.Parent is { } parent)
            {
                all.Add(parent.Version);
            }

            return all.Contains(null) ? null : string.Join('\n', all);
        }
    }

    /// <summary>Closes what was given for the image to build upon, if it turned out to name a parent of its own or to need none.</summary>
    public void CloseUnusedParent()
    {
        if (!_parentIsTaken)
        {
            _options.Parent?.Dispose();
        }
    }

    /// <summary>Opens a file that holds data of an image: it cannot lead anywhere else.</summary>
    public DiskFile OpenExtent(DiskFile referrer, string name, string format) => Add(ReferencedFile.Open(referrer, name, format, _options, byBaseName: false));

    /// <summary>Opens the image below another one in a chain of snapshots.</summary>
    /// <param name="referrer">The image that names it.</param>
    /// <param name="name">The name found there.</param>
    /// <param name="format">Format of the referring image, for messages.</param>
    /// <param name="byBaseName">
    /// A path of another machine may mean the file of that name in the referrer's own folder; only for formats that can tell whether it is the
    /// right one.
    /// </param>
    public DiskFile OpenParent(DiskFile referrer, string name, string format, bool byBaseName) =>
        AddParent(referrer, format, name, ReferencedFile.Open(referrer, name, format, _options, byBaseName));

    /// <summary>Opens the image below another one that knows it by what is in it, not by its name.</summary>
    /// <param name="referrer">The image that builds upon it.</param>
    /// <param name="format">Format of both, for messages.</param>
    /// <param name="pattern">What its file may be called: "*.vdi".</param>
    /// <param name="description">What identifies it, for messages.</param>
    /// <param name="isParent">Whether a file is the one. It may throw what the engine throws for damaged images: the file is passed over then.</param>
    public DiskFile FindParent(DiskFile referrer, string format, string pattern, string description, Func<DiskFile, bool> isParent) =>
        AddParent(referrer, format, description, ReferencedFile.Search(referrer, format, pattern, description, _options, isParent));

    /// <summary>Says how large a table is that will be held in memory as long as the disk is open. Bounds all of a disk's together.</summary>
    public void AddTable(DiskFile file, string format, long bytes)
    {
        _tables += bytes;
        if (_tables > MaximumTables)
        {
            throw ImageFault.Unsupported(
                file, format, $"makes the tables of the disk take {_tables} bytes in memory; at most {MaximumTables} are held.",
                "Consolidate the guest's snapshots, or copy the disk into one image with 'qemu-img convert -O qcow2'.");
        }
    }

    public void CloseAll()
    {
        _files.ForEach(f => f.Dispose());
        _options.Parent?.Dispose();
    }

    private DiskFile AddParent(DiskFile referrer, string format, string name, DiskFile parent)
    {
        Add(parent);
        if (!_images.Add(Identity(parent)))
        {
            throw ImageFault.Corrupt(referrer, format, null, $"its parent '{name}' leads back to itself.");
        }

        return _images.Count <= MaximumDepth
            ? parent
            : throw ImageFault.Unsupported(referrer, format, $"has more than {MaximumDepth} parents.", "Consolidate the guest's snapshots first.");
    }

    private DiskFile Add(DiskFile file)
    {
        _files.Add(file);
        return file;
    }

    /// <summary>What two names of the same file have in common.</summary>
    private static string Identity(DiskFile file) => file.Folder is null ? file.Path : RealPath.Resolve(file.Path);
}
