namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Bytes that can be read at any position.</summary>
internal interface INtfsContent
{
    long Length { get; }

    /// <summary>Reads up to <c>buffer.Length</c> bytes; returns how many (0 at the end).</summary>
    int Read(long offset, Span<byte> buffer);
}

/// <summary>What a file without a stream contains.</summary>
internal sealed class NtfsEmptyContent : INtfsContent
{
    public static NtfsEmptyContent Instance { get; } = new();

    public long Length => 0;

    public int Read(long offset, Span<byte> buffer) => 0;
}
