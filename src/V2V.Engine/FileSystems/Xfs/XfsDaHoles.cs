namespace V2V.Engine.FileSystems.Xfs;

/// <summary>Where a fork has room for another block.</summary>
internal static class XfsDaHoles
{
    /// <summary>The first place for <paramref name="count"/> blocks that are not mapped, at a multiple of <paramref name="alignment"/>; null when there is none before <paramref name="end"/>.</summary>
    public static uint? Find(XfsFork fork, uint from, uint end, uint count, uint alignment)
    {
        var next = (ulong)from;
        foreach (var (block, length) in fork.Mapped(from))
        {
            if (block >= next + count)
            {
                break;
            }

            var after = (ulong)block + length;
            next = Math.Max(next, (after + alignment - 1) / alignment * alignment);
        }

        return next + count <= end ? (uint)next : null;
    }
}
