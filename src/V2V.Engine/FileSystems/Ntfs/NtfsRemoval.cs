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
}
