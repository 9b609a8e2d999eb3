namespace V2V.Engine.FileSystems.Iso9660;

/// <summary>A file or directory, with its extents put together.</summary>
internal sealed class IsoFile
{
    public required string Name { get; init; }

    public required GuestFile Description { get; init; }

    /// <summary>Where the data lies, in order; offsets and lengths in bytes.</summary>
    public required IReadOnlyList<ByteRange> Extents { get; init; }

    /// <summary>A symbolic link's target.</summary>
    public string? Target { get; init; }

    /// <summary>Why the data cannot be read: "is compressed by zisofs"; null when it can.</summary>
    public string? Refusal { get; init; }

    public bool IsDirectory => Description.IsDirectory;

    /// <summary>What a directory is known by: where it begins.</summary>
    public long Start => Extents.Count == 0 ? 0 : Extents[0].Offset;
}
