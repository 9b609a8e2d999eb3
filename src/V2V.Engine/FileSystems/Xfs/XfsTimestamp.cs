namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// Times: 32 signed bits of seconds and 32 of nanoseconds or, with the bigtime feature, 64 bits of nanoseconds since the earliest of these
/// (XFS Algorithms &amp; Data Structures, "Timestamps").
/// </summary>
internal static class XfsTimestamp
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    private const int NanosecondsPerTick = 100;

    /// <summary>The last second that bigtime reaches, in the year 2486.</summary>
    private const long MaxBigSeconds = 16299260424L;

    public static DateTimeOffset Decode(ulong raw, bool isBig)
    {
        var seconds = isBig ? (long)(raw / NanosecondsPerSecond) + int.MinValue : (int)(raw >> 32);
        var nanoseconds = isBig ? (long)(raw % NanosecondsPerSecond) : Math.Min((uint)raw, NanosecondsPerSecond - 1);
        return DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanoseconds / NanosecondsPerTick);
    }

    public static ulong Encode(DateTimeOffset time, bool isBig)
    {
        var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0)
        {
            seconds--;
            rest += TimeSpan.TicksPerSecond;
        }

        seconds = Math.Clamp(seconds, int.MinValue, isBig ? MaxBigSeconds : int.MaxValue);
        var nanoseconds = (ulong)rest * NanosecondsPerTick;
        return isBig ? (ulong)(seconds - int.MinValue) * NanosecondsPerSecond + nanoseconds : (ulong)(uint)(int)seconds << 32 | nanoseconds;
    }
}
