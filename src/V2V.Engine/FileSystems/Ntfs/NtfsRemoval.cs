namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Takes attributes and whole files away, with their clusters and records.</summary>
internal sealed class NtfsRemoval(NtfsVolume volume)
{
    public void Remove(NtfsFile file, NtfsAttribute attribute)
    {
        if (!attribute.IsResident)
        {
            new NtfsClusterSpace(volume, file, attribute).Clear();
        }

        file.Remove(attribute);
    }

    /// <summary>Frees everything of a file that has no name any more.</summary>
    public void Remove(NtfsFile file)
    {
        foreach (var attribute in file.Attributes.ToArray())
        {
            Remove(file, attribute);
        }

        if (file.List is { IsResident: false } list)
        {
            new NtfsClusterSpace(volume, file, list).Clear();
        }

        foreach (var extension in file.Extensions)
        {
            volume.Records.Free(extension.Number);
        }

        volume.Records.Free(file.Number);
        volume.Files.Remove(file);
    }
}
