namespace V2V.Engine.FileSystems.Ntfs.Log;

/// <summary>
/// $LogFile, the journal. Its records are not replayed: an unclean one is refused, and a clean one is emptied before the first change,
/// since what it says about the places that change is no longer true.
/// </summary>
internal static class NtfsLog
{
    /// <summary>Reads exactly <c>buffer.Length</c> bytes of $LogFile's data.</summary>
    public delegate void Read(long offset, Span<byte> buffer);

    public delegate void Write(long offset, ReadOnlySpan<byte> data);

    /// <summary>A log that Windows has not written to yet, or that was reset.</summary>
    private const byte EmptyByte = 0xFF;

    private const int ChunkSize = 1 << 20;

    /// <summary>LFS_MAX: what a log can be long.</summary>
    private const long MaxLength = 1L << 32;

    private const uint SignatureRecords = 0x44524352; // "RCRD"

    /// <summary>Tells whether the log leaves the volume as it is.</summary>
    /// <param name="length">Bytes of $LogFile's data.</param>
    /// <param name="read">Reads them.</param>
    public static NtfsLogVerdict Inspect(long length, Read read)
    {
        if (length < 2 * NtfsRestartPage.MinPageSize || length > MaxLength)
        {
            return new NtfsLogVerdict(NtfsLogState.Damaged, $"it has {length} bytes");
        }

        // The second copy stands one page behind the first, and the first may be gone with its page size: each power of two may be the place.
        NtfsRestartPage? latest = null;
        var problem = "it has no restart page";
        var isEmpty = true;
        var head = new byte[NtfsRestartPage.MinPageSize];
        for (long offset = 0; offset + head.Length <= length; offset = offset == 0 ? NtfsRestartPage.MinPageSize : offset * 2)
        {
            read(offset, head);
            isEmpty &= !head.AsSpan().ContainsAnyExcept(EmptyByte);
            if (head.AsReadOnly().U32(0) == SignatureRecords)
            {
                break;
            }

            var size = NtfsRestartPage.PageSize(head);
            if (size == 0 || offset + size > length || (offset != 0 && offset != size))
            {
                continue;
            }

            var page = new byte[size];
            read(offset, page);
            if (NtfsRestartPage.TryParse(page, out var found) is not { } restart)
            {
                problem = found;
            }
            else if (latest is null || restart.Lsn > latest.Lsn)
            {
                latest = restart;
            }
        }

        return latest is not null ? Judge(latest) : new NtfsLogVerdict(isEmpty ? NtfsLogState.Empty : NtfsLogState.Damaged, isEmpty ? "it is empty" : problem);
    }

    /// <summary>Empties the log: Windows starts it anew. Only for a clean one, and before the volume is changed.</summary>
    public static void Reset(long length, Write write)
    {
        var chunk = new byte[Math.Min(ChunkSize, length)];
        chunk.AsSpan().Fill(EmptyByte);
        for (long offset = 0; offset < length; offset += chunk.Length)
        {
            write(offset, chunk.AsSpan(0, (int)Math.Min(chunk.Length, length - offset)));
        }
    }

    private static NtfsLogVerdict Judge(NtfsRestartPage page)
    {
        var version = $"{page.MajorVersion}.{page.MinorVersion}";

        // Windows 8 and later write version 2.0 while they have the volume open and go back to 1.1 when they shut it down. After fast startup
        // or hibernation it stays 2.0, with the mark of a clean volume and all: the kernel goes on with the metadata that it has in memory.
        return (page.MajorVersion, page.MinorVersion) switch
        {
            (2, 0) => new NtfsLogVerdict(NtfsLogState.KeptOpen, $"its log is of version {version}, and not closed as version 1.1"),
            not (1, 1) => new NtfsLogVerdict(NtfsLogState.UnknownVersion, $"version {version}"),
            _ when page.IsOpen && !page.IsMarkedClean => new NtfsLogVerdict(NtfsLogState.InUse, "the log is open and not marked as clean"),
            _ => new NtfsLogVerdict(NtfsLogState.Clean, page.IsOpen ? "the log is marked as clean" : "the log is closed"),
        };
    }
}
