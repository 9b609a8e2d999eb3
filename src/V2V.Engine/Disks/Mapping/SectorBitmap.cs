namespace V2V.Engine.Disks.Mapping;

/// <summary>Bitmaps in which each bit tells of one sector whether it was written.</summary>
internal static class SectorBitmap
{
    /// <summary>How many sectors from <paramref name="first"/> on are all written, or all not.</summary>
    /// <param name="bitmap">A bit for each sector, at least <paramref name="total"/>.</param>
    /// <param name="first">The sector to begin with.</param>
    /// <param name="total">Sectors of the block.</param>
    /// <param name="isMostSignificantFirst">The first sector of eight has the bit 0x80, as in VHD, and not 0x01.</param>
    public static (int Count, bool IsWritten) Run(ReadOnlySpan<byte> bitmap, int first, int total, bool isMostSignificantFirst)
    {
        bool isWritten = IsSet(bitmap, first, isMostSignificantFirst);
        byte uniform = isWritten ? (byte)0xFF : (byte)0;
        int end = first + 1;
        while (end < total && IsSet(bitmap, end, isMostSignificantFirst) == isWritten)
        {
            end++;
            if (end % 8 == 0)
            {
                // Whole bytes at once.
                int same = bitmap[(end / 8)..((total + 7) / 8)].IndexOfAnyExcept(uniform);
                end = same < 0 ? total : end + (same * 8);
            }
        }

        return (Math.Min(end, total) - first, isWritten);
    }

    private static bool IsSet(ReadOnlySpan<byte> bitmap, int sector, bool isMostSignificantFirst) =>
        (bitmap[sector / 8] & (isMostSignificantFirst ? 0x80 >> (sector % 8) : 1 << (sector % 8))) != 0;
}
