namespace V2V.Engine.FileSystems.Fat;

/// <summary>
/// A date (years since 1980, month, day) and a time in steps of two seconds; creation times add steps of ten milliseconds. They are local
/// times of a zone that is not stored, which V2V takes for UTC.
/// </summary>
internal static class FatTimestamp
{
    private static readonly DateTimeOffset First = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly DateTimeOffset Last = new(2107, 12, 31, 23, 59, 58, TimeSpan.Zero);

    /// <summary>What cannot be a date, such as the zeros of an entry without one, counts as the first.</summary>
    public static DateTimeOffset Decode(ushort date, ushort time)
    {
        var (year, month, day) = (1980 + (date >> 9), (date >> 5) & 0xF, date & 0x1F);
        if (month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
        {
            return First;
        }

        var seconds = ((time >> 11) * 3600) + (((time >> 5) & 0x3F) * 60) + ((time & 0x1F) * 2);
        return new DateTimeOffset(year, month, day, 0, 0, 0, TimeSpan.Zero).AddSeconds(seconds);
    }

    /// <param name="moment">Taken for the nearest moment that can be stored.</param>
    public static (ushort Date, ushort Time, byte Tenths) Encode(DateTimeOffset moment)
    {
        var utc = (moment < First ? First : moment > Last ? Last : moment).UtcDateTime;
        return (
            (ushort)(((utc.Year - 1980) << 9) | (utc.Month << 5) | utc.Day),
            (ushort)((utc.Hour << 11) | (utc.Minute << 5) | (utc.Second / 2)),
            (byte)((utc.Second % 2 * 100) + (utc.Millisecond / 10)));
    }
}
