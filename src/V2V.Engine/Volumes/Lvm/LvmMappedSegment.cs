namespace V2V.Engine.Volumes.Lvm;

/// <summary>A run of a logical volume's bytes and where they lie: behind each other on one leg, or dealt out over several in turns.</summary>
/// <param name="Start">First byte of the run in the logical volume.</param>
/// <param name="Length">Number of bytes.</param>
/// <param name="StripeSize">Bytes that go to one leg before the next; 0 with a single leg.</param>
/// <param name="Legs">One for a linear run.</param>
internal sealed record LvmMappedSegment(long Start, long Length, long StripeSize, IReadOnlyList<LvmLeg> Legs)
{
    internal long End => Start + Length;

    /// <summary>The place of a byte of the run, and how many bytes from there on lie behind each other.</summary>
    /// <param name="within">The byte, counted from the run's start.</param>
    internal (LvmLeg At, long Length) Locate(long within)
    {
        if (Legs.Count == 1)
        {
            return (At(Legs[0], within), Length - within);
        }

        var (chunk, inChunk) = Math.DivRem(within, StripeSize);
        var (row, leg) = Math.DivRem(chunk, Legs.Count);
        return (At(Legs[(int)leg], row * StripeSize + inChunk), StripeSize - inChunk);
    }

    /// <summary>
    /// What a range of the run takes of the disks. The chunks that a range has on one leg follow each other there, so there is one range a leg
    /// however small the stripes are.
    /// </summary>
    internal IEnumerable<DiskRange> DiskRanges(long from, long to)
    {
        for (var i = 0; i < Legs.Count; i++)
        {
            var start = BytesOnLeg(i, from);
            var length = BytesOnLeg(i, to) - start;
            if (length > 0)
            {
                foreach (var range in Legs[i].PhysicalVolume.DiskRanges(Legs[i].Offset + start, length))
                {
                    yield return range;
                }
            }
        }
    }

    /// <summary>How many of the run's first <paramref name="within"/> bytes lie on a leg.</summary>
    private long BytesOnLeg(int leg, long within)
    {
        if (Legs.Count == 1)
        {
            return within;
        }

        var row = StripeSize * Legs.Count;
        return within / row * StripeSize + Math.Clamp(within % row - leg * StripeSize, 0, StripeSize);
    }

    private static LvmLeg At(LvmLeg leg, long offset) => leg with { Offset = leg.Offset + offset };
}
