using System.Globalization;
using System.Text;

namespace V2V.Engine.FileSystems.Iso9660;

/// <summary>The two forms of a time: seven bytes in directory records (ECMA-119, 9.1.5), seventeen in descriptors (8.4.26.1). Rock Ridge uses both.</summary>
internal static class IsoTimestamp
{
    public const int ShortLength = 7;

    public const int LongLength = 17;

    private const int QuarterHour = 15;

    /// <summary>The time, or the Unix epoch when it is not one.</summary>
    public static DateTimeOffset Parse(ReadOnlySpan<byte> raw) => raw.Length == LongLength
        ? ParseLong(raw)
        : Make(1900 + raw[0], raw[1], raw[2], raw[3], raw[4], raw[5], (sbyte)raw[6]);

    private static DateTimeOffset ParseLong(ReadOnlySpan<byte> raw)
    {
        var digits = Encoding.ASCII.GetString(raw[..16]);
        if (!digits.All(char.IsAsciiDigit))
        {
            return DateTimeOffset.UnixEpoch;
        }

        int Number(int start, int length) => int.Parse(digits.AsSpan(start, length), CultureInfo.InvariantCulture);
        return Make(Number(0, 4), Number(4, 2), Number(6, 2), Number(8, 2), Number(10, 2), Number(12, 2), (sbyte)raw[16]);
    }

    /// <param name="year">The year.</param>
    /// <param name="month">The month, from 1.</param>
    /// <param name="day">The day, from 1.</param>
    /// <param name="hour">The hour.</param>
    /// <param name="minute">The minute.</param>
    /// <param name="second">The second.</param>
    /// <param name="zone">Quarters of an hour east of Greenwich.</param>
    private static DateTimeOffset Make(int year, int month, int day, int hour, int minute, int second, sbyte zone)
    {
        if (year is < 1900 or > 9998 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 59 || zone is < -48 or > 52)
        {
            return DateTimeOffset.UnixEpoch;
        }

        return new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.FromMinutes(zone * QuarterHour)).ToUniversalTime();
    }
}
