using V2V.Engine.Disks;
using V2V.Engine.FileSystems.Ext;
using V2V.Engine.FileSystems.Fat;
using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.FileSystems.Xfs;
using V2V.Engine.Volumes;

namespace V2V.Engine.FileSystems;

/// <summary>Every file system that can be opened, in the order in which volumes are examined for them.</summary>
public static class GuestFileSystems
{
    private static readonly Format[] s_formats =
    [
        new(ExtProbe.Recognises, ExtFileSystem.Open),
        new(XfsProbe.Recognises, XfsFileSystem.Open),
        new(NtfsProbe.Recognises, NtfsFileSystem.Open),
        new(FatProbe.Recognises, FatFileSystem.Open),
    ];

    /// <summary>Opens the file system on a volume; null when none is recognised.</summary>
    /// <exception cref="GuestFileSystemException">One is recognised, but damaged or with features that are not understood.</exception>
    public static GuestFileSystem? Open(Volume volume)
    {
        ArgumentNullException.ThrowIfNull(volume);
        return s_formats.FirstOrDefault(f => f.Recognises(volume.Device))?.Open(volume.Device);
    }

    private sealed record Format(Func<BlockDevice, bool> Recognises, Func<WritableBlockDevice, GuestFileSystem> Open);
}
