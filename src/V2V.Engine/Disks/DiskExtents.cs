namespace V2V.Engine.Disks;

internal static class DiskExtents
{
    /// <summary>Joins neighbours of the same kind.</summary>
    public static IEnumerable<DiskExtent> Merge(this IEnumerable<DiskExtent> extents)
    {
        DiskExtent? pending = null;
        foreach (DiskExtent extent in extents)
        {
            if (pending is { } last)
            {
                if (last.IsZero == extent.IsZero && last.End == extent.Offset)
                {
                    pending = last with { Length = last.Length + extent.Length };
                    continue;
                }

                yield return last;
            }

            pending = extent;
        }

        if (pending is { } end)
        {
            yield return end;
        }
    }
}
