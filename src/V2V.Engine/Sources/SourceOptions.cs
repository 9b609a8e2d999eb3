using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources;

/// <summary>How to read a guest's description.</summary>
public sealed record SourceOptions
{
    /// <summary>
    /// Folders, besides the description's own, in which the disks that it names may lie. A description is foreign data: without leave it
    /// is not followed out of its folder.
    /// </summary>
    public IReadOnlyList<string> AllowDiskFolders { get; init; } = [];

    /// <summary>URI of the libvirt connection whose storage pools have the volumes that a libvirt XML file names; null without one.</summary>
    public string? Connection { get; init; }

    /// <summary>Folder for what has to be unpacked to be read; null takes the system's folder for temporary files.</summary>
    public string? TemporaryDirectory { get; init; }

    /// <summary>How to get at files on other hosts.</summary>
    public RemoteAccess Remote { get; init; } = new();
}
