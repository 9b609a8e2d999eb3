namespace V2V.Engine.Registry;

/// <summary>Windows' times: 100 ns since 1601, UTC.</summary>
internal static class FileTime
{
    /// <summary>Times that .NET cannot express become the nearest one that it can.</summary>
    public static DateTimeOffset ToDateTimeOffset(ulong value)
    {
        var latest = (ulong)DateTime.MaxValue.ToFileTimeUtc();
        return new DateTimeOffset(DateTime.FromFileTimeUtc((long)Math.Min(value, latest)));
    }

    public static ulong FromDateTimeOffset(DateTimeOffset moment) => (ulong)moment.UtcDateTime.ToFileTimeUtc();
}
