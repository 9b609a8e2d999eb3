namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>
/// How run lists are stored: for each run a byte with the widths of two numbers, its length and the difference of its cluster to that of
/// the run before, both signed and without leading bytes. No second number is a hole, a zero byte ends the list.
/// </summary>
internal static class NtfsMappingPairs
{
    /// <summary>Adds the runs of one extent of an attribute to its list.</summary>
    /// <param name="pairs">From the first pair to the end of the attribute record.</param>
    /// <param name="runs">Takes the runs; must hold those of the extents before.</param>
    /// <param name="clusterCount">Clusters of the volume.</param>
    /// <returns>False when the pairs make no sense.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> pairs, NtfsRunList runs, long clusterCount)
    {
        long lcn = 0;
        while (!pairs.IsEmpty && pairs[0] != 0)
        {
            var (lengthWidth, lcnWidth) = (pairs[0] & 0xF, pairs[0] >> 4);
            if (lengthWidth is 0 or > 8 || lcnWidth > 8 || pairs.Length < 1 + lengthWidth + lcnWidth)
            {
                return false;
            }

            var length = Signed(pairs.Slice(1, lengthWidth));
            if (length <= 0 || length > long.MaxValue - runs.Length)
            {
                return false;
            }

            // NT 3.51 and 4.0 stored a hole as cluster -1.
            var isHole = lcnWidth == 0;
            if (!isHole)
            {
                lcn = unchecked(lcn + Signed(pairs.Slice(1 + lengthWidth, lcnWidth)));
                isHole = lcn == NtfsRun.Hole;
                if (!isHole && (lcn < 0 || lcn >= clusterCount || length > clusterCount - lcn))
                {
                    return false;
                }
            }

            // The clusters of the attribute are counted in 63 bits of bytes, too.
            if (length > (long.MaxValue >> 9) - runs.Length)
            {
                return false;
            }

            runs.Append(isHole ? NtfsRun.Hole : lcn, length);
            pairs = pairs[(1 + lengthWidth + lcnWidth)..];
        }

        return true;
    }

    /// <summary>Bytes that runs take, the zero at the end included.</summary>
    public static int SizeOf(ReadOnlySpan<NtfsRun> runs)
    {
        var size = 1;
        long lcn = 0;
        foreach (var run in runs)
        {
            size += SizeOf(run, ref lcn);
        }

        return size;
    }

    /// <summary>How many of the runs fit a number of bytes, the zero at the end included.</summary>
    public static int CountFitting(ReadOnlySpan<NtfsRun> runs, int space)
    {
        var size = 1;
        long lcn = 0;
        for (var i = 0; i < runs.Length; i++)
        {
            size += SizeOf(runs[i], ref lcn);
            if (size > space)
            {
                return i;
            }
        }

        return runs.Length;
    }

    public static void Encode(ReadOnlySpan<NtfsRun> runs, Span<byte> target)
    {
        long lcn = 0;
        foreach (var run in runs)
        {
            var lengthWidth = WidthOf(run.Length);
            var lcnWidth = run.IsHole ? 0 : WidthOf(run.Lcn - lcn);
            target[0] = (byte)(lengthWidth | (lcnWidth << 4));
            Put(target.Slice(1, lengthWidth), run.Length);
            if (!run.IsHole)
            {
                Put(target.Slice(1 + lengthWidth, lcnWidth), run.Lcn - lcn);
                lcn = run.Lcn;
            }

            target = target[(1 + lengthWidth + lcnWidth)..];
        }

        target[0] = 0;
    }

    private static int SizeOf(NtfsRun run, ref long lcn)
    {
        var size = 1 + WidthOf(run.Length);
        if (!run.IsHole)
        {
            size += WidthOf(run.Lcn - lcn);
            lcn = run.Lcn;
        }

        return size;
    }

    private static int WidthOf(long value)
    {
        var width = 1;
        while (width < 8 && (value < -(1L << ((width * 8) - 1)) || value >= 1L << ((width * 8) - 1)))
        {
            width++;
        }

        return width;
    }

    private static long Signed(ReadOnlySpan<byte> bytes)
    {
        long value = (sbyte)bytes[^1];
        for (var i = bytes.Length - 2; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }

    private static void Put(Span<byte> target, long value)
    {
        for (var i = 0; i < target.Length; i++)
        {
            target[i] = (byte)(value >> (8 * i));
        }
    }
}
