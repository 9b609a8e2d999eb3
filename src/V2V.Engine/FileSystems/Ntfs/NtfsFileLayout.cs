namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>How the attributes of a file are spread over its MFT records.</summary>
internal sealed partial class NtfsFileLayout(NtfsVolume volume, NtfsFile file)
{
    /// <summary>The mark behind the last attribute, with its padding.</summary>
    private const int EndSize = 8;

    private int RecordSize => volume.Boot.RecordSize;

    /// <summary>The longest value that a resident attribute can have so that the file still needs one record only.</summary>
    public int SpaceForValue(NtfsAttribute attribute)
    {
        var space = RecordSize - volume.Mft.Read(file.Number).AttributesOffset - EndSize - NtfsAttributeRecord.ResidentSize(attribute.Name, 0);
        foreach (var other in file.Attributes)
        {
            space -= other == attribute ? 0 : SizeOf(other);
        }

        return Math.Max(0, space);
    }

    /// <summary>Bytes of an attribute in one piece.</summary>
    private static int SizeOf(NtfsAttribute attribute) => attribute.Value is { } value
        ? NtfsAttributeRecord.ResidentSize(attribute.Name, value.Length)
        : NtfsAttributeRecord.NonResidentSize(attribute.Name, NtfsMappingPairs.SizeOf(attribute.Runs!.Runs), attribute.HasCompressedSize);
}
