namespace V2V.Engine.Volumes.Lvm;

/// <summary>Where a stripe of a segment begins.</summary>
/// <param name="On">Name of a physical volume, or of a logical volume that stands in for one (pvmove).</param>
/// <param name="Extent">First extent there.</param>
internal readonly record struct LvmStripe(string On, long Extent);

/// <summary>A run of a logical volume's extents that are laid out in one way.</summary>
/// <param name="StartExtent">First extent of the logical volume.</param>
/// <param name="ExtentCount">Number of extents, more than 0.</param>
/// <param name="Type">"striped", which linear is too, or a type that V2V does not map: "thin", "cache", "raid1+..."</param>
/// <param name="StripeSize">Bytes that go to one stripe before the next; for a linear segment 0.</param>
/// <param name="Stripes">The stripes; none for a type that is not mapped.</param>
internal sealed record LvmSegment(long StartExtent, long ExtentCount, string Type, long StripeSize, IReadOnlyList<LvmStripe> Stripes)
{
    internal const string Striped = "striped";
    internal const string Snapshot = "snapshot";

    private const int SectorLength = 512;

    /// <summary>The logical volume that a segment of type "snapshot" is taken of.</summary>
    internal string? SnapshotOrigin { get; private init; }

    /// <summary>The logical volume that holds the snapshot's differences, which is what the guest calls the snapshot.</summary>
    internal string? SnapshotStore { get; private init; }

    /// <summary>True while the differences are being written back, and the snapshot is no longer to be seen.</summary>
    internal bool IsMerging { get; private init; }

    /// <summary>Extents that each stripe takes.</summary>
    internal long StripeExtents => ExtentCount / Stripes.Count;

    internal static LvmSegment Read(LvmSection section, string volume, long extentSize)
    {
        var start = section.Number("start_extent");
        var count = section.Number("extent_count");
        var type = section.TryText("type") ?? Striped;
        if (count == 0)
        {
            throw LvmErrors.Corrupt($"The LVM logical volume {volume} has an empty segment");
        }

        // "linear" is an older spelling of a single stripe.
        return type is Striped or "linear"
            ? ReadStriped(section, volume, extentSize, start, count)
            : new LvmSegment(start, count, type, 0, [])
            {
                SnapshotOrigin = type == Snapshot ? section.TryText("origin") : null,
                SnapshotStore = type == Snapshot ? section.TryText("cow_store") ?? section.TryText("merging_store") : null,
                IsMerging = section.TryText("merging_store") is not null,
            };
    }

    private static LvmSegment ReadStriped(LvmSection section, string volume, long extentSize, long start, long count)
    {
        var items = section.List("stripes");
        var stripes = new List<LvmStripe>();
        for (var i = 0; i + 1 < items.Count; i += 2)
        {
            if (items[i].Text is { } on && items[i + 1].Number is >= 0 and <= uint.MaxValue and var extent)
            {
                stripes.Add(new LvmStripe(on, extent));
            }
        }

        if (stripes.Count == 0 || stripes.Count * 2 != items.Count || stripes.Count != section.Number("stripe_count"))
        {
            throw LvmErrors.Corrupt($"The LVM logical volume {volume} has a segment whose stripes are not as many as it says, or are not named");
        }

        var stripeSize = stripes.Count > 1 ? section.Number("stripe_size") * SectorLength : 0;

        // What the device mapper demands too (dm-stripe: the length is a multiple of the stripes, each of which is one of the chunks).
        return stripes.Count == 1
            || (count % stripes.Count == 0 && stripeSize > 0 && (UInt128)(count / stripes.Count) * (ulong)extentSize % (ulong)stripeSize == 0)
            ? new LvmSegment(start, count, Striped, stripeSize, stripes)
            : throw LvmErrors.Corrupt($"The LVM logical volume {volume} has a segment that does not divide into its stripes");
    }
}
