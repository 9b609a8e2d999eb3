namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Times in units of 100 ns since 1601-01-01 UTC.</summary>
internal static class NtfsTimestamp
{
    /// <summary>Times that .NET cannot show are those of its last or first day.</summary>
    public static DateTimeOffset ToTime(ulong value) => value > (ulong)DateTime.MaxValue.ToFileTimeUtc()
        ? DateTimeOffset.MaxValue
        : DateTimeOffset.FromFileTime((long)value).ToUniversalTime();

    public static ulong FromTime(DateTimeOffset time) => time.UtcDateTime.Year < 1601 ? 0 : (ulong)time.UtcDateTime.ToFileTimeUtc();
}
