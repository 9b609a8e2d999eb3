using V2V.Engine.FileSystems.Ntfs.Index;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Makes new files, without a name yet.</summary>
internal static class NtfsCreation
{
    /// <param name="volume">The volume.</param>
    /// <param name="isDirectory">True for a directory, false for a file.</param>
    /// <param name="inherited">Flags that it takes from its directory.</param>
    public static NtfsFile Create(NtfsVolume volume, bool isDirectory, NtfsFileFlags inherited)
    {
        var reference = volume.Records.Allocate();
        var file = new NtfsFile(volume, reference.Number, reference.Sequence)
        {
            Flags = NtfsRecordFlags.InUse | (isDirectory ? NtfsRecordFlags.Directory : 0),
        };
        var size = volume.Information.Is30 ? NtfsStandardInformation.Size30 : NtfsStandardInformation.Size12;
        file.Add(new NtfsAttribute(NtfsAttributeType.StandardInformation, "") { Value = new byte[size] });
        var information = file.Information;
        information.Created = information.Modified = information.Changed = information.Accessed = NtfsTimestamp.FromTime(DateTimeOffset.UtcNow);
        information.Flags = inherited | (isDirectory ? NtfsFileFlags.None : NtfsFileFlags.Archive);
        file.Add(isDirectory
            ? new NtfsAttribute(NtfsAttributeType.IndexRoot, NtfsFile.IndexName)
            {
                Value = NtfsIndexRoot.Create(NtfsCollation.FileName(volume.Upcase), volume.Boot.IndexBlockSize, volume.Boot.ClusterSize),
            }
            : new NtfsAttribute(NtfsAttributeType.Data, "") { Value = [] });
        volume.Files.Add(file);
        return file;
    }
}
