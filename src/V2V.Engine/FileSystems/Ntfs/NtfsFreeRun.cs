namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Free clusters of the volume that lie together.</summary>
internal readonly record struct NtfsFreeRun(long Lcn, long Length)
{
    public long End => Lcn + Length;
}
