namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// Times: 32 signed bits of seconds and, in larger inodes, an extra word with 2 bits of epoch (which carry on to the year 2446) and 30 bits of
/// nanoseconds (Documentation/filesystems/ext4/inodes.rst, "Inode Timestamps").
/// </summary>
internal static class ExtTimestamp
{
    private const int EpochBits = 2;

    private const long MinSeconds = int.MinValue;

    /// <summary>The last second that 34 bits reach.</summary>
    private const long MaxSeconds = int.MaxValue + (3L << 32);

    private const int NanosecondsPerTick = 100;

    public static DateTimeOffset Decode(uint seconds, uint extra)
    {
        var whole = (int)seconds + ((long)(extra & 3) << 32);
        var ticks = Math.Min(extra >> EpochBits, 999_999_999) / NanosecondsPerTick;
        return DateTimeOffset.FromUnixTimeSeconds(whole).AddTicks(ticks);
    }

    public static (uint Seconds, uint Extra) Encode(DateTimeOffset time, bool hasExtra)
    {
        var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks;
        var seconds = Math.Clamp(Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest), MinSeconds, hasExtra ? MaxSeconds : int.MaxValue);
        if (rest < 0)
        {
            seconds--;
            rest += TimeSpan.TicksPerSecond;
        }

        var epoch = (uint)((seconds - (int)seconds) >> 32) & 3;
        return ((uint)seconds, (uint)(rest * NanosecondsPerTick) << EpochBits | epoch);
    }
}
