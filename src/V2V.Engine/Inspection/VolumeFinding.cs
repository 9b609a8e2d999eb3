using V2V.Engine.FileSystems;
using V2V.Engine.Volumes;

namespace V2V.Engine.Inspection;

/// <summary>What was found on one volume, and why it or its file system could not be opened if that is so.</summary>
internal sealed record VolumeFinding(GuestVolume Guest, V2VException? Failure = null)
{
    public Volume Volume => Guest.Volume;

    public GuestFileSystem? FileSystem => Guest.FileSystem;

    /// <summary>True when there may be file systems within it that were not seen.</summary>
    public bool HidesVolumes => Volume.Failure is not null || (IsContainer(Guest.ContentKind) && Guest.ContentKind != "LVM2_member");

    public static VolumeFinding Look(Volume volume, Func<Volume, GuestFileSystem?> open)
    {
        var content = VolumeContent.Identify(volume);
        GuestFileSystem? fileSystem = null;
        V2VException? failure = volume.Failure;
        try
        {
            // Half of a mirror begins like the file system on it; written alone, it would no longer match the other half.
            fileSystem = failure is not null || IsContainer(content?.Kind) ? null : open(volume);
        }
        catch (GuestFileSystemException e)
        {
            // One damaged or unknown file system must not hide what stands on the others; it matters once the guest needs it.
            failure = e;
        }

        return new VolumeFinding(
            new GuestVolume
            {
                Volume = volume,
                FileSystem = fileSystem,
                ContentKind = fileSystem?.Kind ?? content?.Kind,
                Uuid = fileSystem?.Uuid ?? content?.Uuid,
                Label = fileSystem?.Label ?? content?.Label,
            },
            failure);
    }

    /// <summary>Layers that hold further volumes instead of files.</summary>
    private static bool IsContainer(string? kind) => kind is "crypto_LUKS" or "LVM2_member" or "linux_raid_member" or "BitLocker" or VolumeContent.DynamicDisk or VolumeContent.StorageSpaces;

    /// <summary>"disk 1, partition 2 holds xfs, which V2V cannot open yet".</summary>
    public string Describe() => Volume.Kind == VolumeKind.LogicalVolume && Volume.Failure is { } refusal
        ? refusal.Message.TrimEnd('.')
        : Volume.DisplayName + Content();

    private string Content() => (Failure, FileSystem, Guest.ContentKind) switch
    {
        ({ } failure, _, _) => $" cannot be opened: {failure.Message.TrimEnd('.')}",
        (_, { } fileSystem, _) => $" holds {fileSystem.Kind} without an operating system's files",
        (_, _, null) => " holds nothing that V2V recognises",
        (_, _, "swap") => " holds swap space",
        (_, _, "swsuspend") => " holds the memory of a hibernated system",
        (_, _, "crypto_LUKS") => " is encrypted with LUKS, which V2V cannot open yet",
        (_, _, "BitLocker") => " is encrypted with BitLocker, which V2V cannot open yet",
        (_, _, "LVM2_member") => Volume.VolumeGroup is { } group ? $" belongs to the LVM volume group {group}" : " is an LVM physical volume without a group",
        (_, _, "linux_raid_member") => " belongs to a Linux software RAID, which V2V cannot assemble yet",
        (_, _, VolumeContent.DynamicDisk) => " belongs to a Windows dynamic disk, whose volumes V2V cannot open",
        (_, _, VolumeContent.StorageSpaces) => " belongs to a pool of Storage Spaces, which V2V cannot open",
        (_, _, "refs") => " holds ReFS, which V2V cannot open",
        (_, _, { } kind) => $" holds {kind}, which V2V cannot open yet",
    };
}
