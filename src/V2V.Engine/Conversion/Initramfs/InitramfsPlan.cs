namespace V2V.Engine.Conversion.Initramfs;

/// <param name="Name">Name of the module.</param>
/// <param name="Path">Path in the image, without a leading slash.</param>
/// <param name="Why">"drives virtio disks", "needed by virtio_blk".</param>
internal sealed record AddedModule(string Name, string Path, string Why);

/// <summary>What an initramfs lacks and how it will be given it. Without modules and files there is nothing to do.</summary>
internal sealed record InitramfsPlan
{
    public required InitramfsGenerator Generator { get; init; }

    public IReadOnlyList<AddedModule> Modules { get; init; } = [];

    /// <summary>Directories to create, parents first.</summary>
    public IReadOnlyList<string> Directories { get; init; } = [];

    /// <summary>New files by path.</summary>
    public IReadOnlyDictionary<string, byte[]> Added { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>New contents of existing files by path.</summary>
    public IReadOnlyDictionary<string, byte[]> Replaced { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>Targets of new symbolic links by path.</summary>
    public IReadOnlyDictionary<string, string> Links { get; init; } = new Dictionary<string, string>();

    /// <summary>Settings of the old machine that were corrected, for the report.</summary>
    public IReadOnlyList<string> Corrections { get; init; } = [];

    /// <summary>Drivers that the extended image must be able to find for their devices.</summary>
    public IReadOnlyList<InitramfsDriver> Drivers { get; init; } = [];

    public bool IsEmpty => Added.Count == 0 && Replaced.Count == 0 && Links.Count == 0;
}
