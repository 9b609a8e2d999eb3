using V2V.Engine.FileSystems.Ntfs.Log;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>What speaks against changing the volume, looked for once before the first change.</summary>
internal sealed partial class NtfsFileSystem
{
    private const string HibernationFile = "/hiberfil.sys";

    private GuestFileSystemException? FindFault()
    {
        try
        {
            FindUnknown();
            FindUnknownAttributes();

            // Hibernation first: it leaves the log open, too, which says less.
            FindHibernation();
            FindDirtiness();
            FindMirrorFault();
            return null;
        }
        catch (GuestFileSystemException e)
        {
            return e;
        }
    }

    private void FindUnknown()
    {
        var information = _volume.Information;
        if (information.Major is not (1 or 3) || (information is { Major: 1, Minor: not 2 }) || (information is { Major: 3, Minor: > 1 }))
        {
            throw NtfsErrors.Unsupported(
                $"The NTFS volume has version {information.Major}.{information.Minor}; 1.2, 3.0 and 3.1 are known.",
                "Convert the guest with its disks attached as they are, or report which Windows formatted it.");
        }

        const NtfsVolumeFlags Unfinished = NtfsVolumeFlags.UpgradeOnMount | NtfsVolumeFlags.DeleteUsnUnderway | NtfsVolumeFlags.RepairObjectIds
            | NtfsVolumeFlags.Corrupt | NtfsVolumeFlags.FullCheckNeeded;
        if ((information.Flags & Unfinished) is not 0 and var flags)
        {
            throw NtfsErrors.NotClean($"Something that Windows has to finish is under way on the NTFS volume: its flags are 0x{(ushort)information.Flags:X4} ({flags}).");
        }
    }

    /// <summary>Attributes of the file system's own files that this code knows nothing of may depend on what it changes.</summary>
    private void FindUnknownAttributes()
    {
        for (var number = NtfsSystemFile.Mft; number <= NtfsSystemFile.Extend; number++)
        {
            // NTFS 1.2 has neither $Secure nor $Extend.
            if (_volume.Mft.Read(number).IsInUse && _volume.Files.Get(number).Attributes.Find(a => !Enum.IsDefined(a.Type)) is { } unknown)
            {
                throw NtfsErrors.Unsupported($"MFT record {number} of the NTFS volume has an attribute of the unknown type 0x{(uint)unknown.Type:X}.");
            }
        }
    }

    private void FindDirtiness()
    {
        if (_volume.Information.Flags.HasFlag(NtfsVolumeFlags.Dirty))
        {
            throw NtfsErrors.NotClean("The NTFS volume is marked as dirty: Windows was not shut down cleanly, or found damage on it.");
        }

        var log = _volume.Files.Get(NtfsSystemFile.LogFile);
        if (log.Data is not { IsCompressed: false, IsSparse: false } data)
        {
            throw NtfsErrors.Corrupt("$LogFile has no plain contents.");
        }

        var content = new NtfsFileContent(_volume, log, data);
        NtfsLog.Inspect(data.DataSize, (offset, buffer) => content.Read(offset, buffer)).ThrowUnlessClean();
    }

    /// <summary>Windows and ntfs-3g refuse a volume whose first MFT records and their copies differ.</summary>
    private void FindMirrorFault()
    {
        if (_volume.MirroredRecords == 0)
        {
            throw NtfsErrors.NotClean("$MFTMirr of the NTFS volume, with the copies of the first MFT records, is damaged.");
        }

        var copy = new byte[_volume.Boot.RecordSize];
        for (ulong number = 0; number < _volume.MirroredRecords; number++)
        {
            var record = _volume.Mft.Read(number);
            _volume.Device.Read(record.Buffer.MirrorAddress!.Value, copy);
            if (!NtfsFixups.TryUndo(copy) || !copy.AsSpan(0, record.BytesInUse).SequenceEqual(record.Buffer.Data.AsSpan(0, record.BytesInUse)))
            {
                throw NtfsErrors.NotClean($"MFT record {number} of the NTFS volume and its copy in $MFTMirr differ.");
            }
        }
    }

    /// <summary>
    /// The first bytes of hiberfil.sys tell whether there is an image in it (ntfs-3g does the same): "hibr" while there is one, "rstr", "wake"
    /// or zeros when it was used. A resumption that was cut off shows in the log.
    /// </summary>
    private void FindHibernation()
    {
        if (_paths.Find(HibernationFile) is not { Data: { DataSize: >= 4 } data } file || file.IsDirectory)
        {
            return;
        }

        var head = new byte[4];
        new NtfsFileContent(_volume, file, data).Read(0, head);
        var mark = System.Text.Encoding.ASCII.GetString(head).ToUpperInvariant();
        if (mark is "HIBR")
        {
            throw NtfsErrors.NotClean(
                $"Windows is hibernated on this volume: hiberfil.sys holds a memory image, as fast startup leaves one too.",
                "Start the source guest, switch fast startup off with \"powercfg /h off\", shut it down with \"shutdown /s /t 0\" "
                + "(or hold Shift while choosing to shut down), and try again.");
        }
    }
}
