namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Clusters of an attribute that lie together on the volume, or a hole.</summary>
/// <param name="Vcn">First cluster within the attribute.</param>
/// <param name="Lcn">First cluster on the volume, or <see cref="Hole"/>.</param>
/// <param name="Length">Clusters.</param>
internal readonly record struct NtfsRun(long Vcn, long Lcn, long Length)
{
    /// <summary>Stands for a cluster on the volume where there is none.</summary>
    public const long Hole = -1;

    public long End => Vcn + Length;

    public bool IsHole => Lcn == Hole;

    /// <summary>The part of it from a cluster of the attribute on.</summary>
    public NtfsRun Slice(long vcn, long length) => new(vcn, IsHole ? Hole : Lcn + (vcn - Vcn), length);

    /// <summary>True when <paramref name="next"/> only continues it.</summary>
    public bool Continues(NtfsRun next) => End == next.Vcn && IsHole == next.IsHole && (IsHole || Lcn + Length == next.Lcn);
}
