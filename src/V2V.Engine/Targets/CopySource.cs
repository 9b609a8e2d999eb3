using System.Diagnostics;
using System.Globalization;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Overlay;
using V2V.Engine.FileSystems;
using V2V.Engine.Sources;

namespace V2V.Engine.Targets;

/// <summary>
/// A converted disk as the copy reads it. What cannot be read is told with the place that the guest knows; or, by leave, its sectors become
/// zeros, and only they. Inspection and conversion do not read through this: for them every byte counts.
/// </summary>
/// <param name="disk">The converted disk, which stays the caller's.</param>
/// <param name="source">What it was made of.</param>
/// <param name="number">The guest's number of it, from 1.</param>
/// <param name="locate">Tells where in the guest a byte of the disk is: "byte 4096 of disk 1, partition 2"; null where no volume is.</param>
/// <param name="ignoresErrors">Put zeros in place of what cannot be read.</param>
internal sealed class CopySource(BlockDevice disk, SourceDisk source, int number, Func<long, string?> locate, bool ignoresErrors) : BlockDevice
{
    /// <summary>The smallest piece that a disk reads or fails to read.</summary>
    public const int SectorSize = 512;

    /// <summary>More than this is no disk with bad sectors any more; what is left of it is a case for a rescuer.</summary>
    public const long MaximumUnreadable = 32 << 20;

    /// <summary>A failing disk may take seconds for each sector that it does not give.</summary>
    public static readonly TimeSpan MaximumTime = TimeSpan.FromMinutes(30);

    private const int MaximumListed = 16;

    private readonly UnreadableRanges _unreadable = new();
    private long _failedTicks;

    public override long Length => disk.Length;

    /// <summary>That of what the guest is converted from.</summary>
    internal override string? Version => disk.Version;

    /// <summary>What the conversion has changed on the disk, in ascending order.</summary>
    public IReadOnlyList<ByteRange> Changed => [.. (disk as OverlayDisk)?.ChangedRanges().Select(e => new ByteRange(e.Offset, e.Length)) ?? []];

    /// <summary>What was left out, for the report; null when everything could be read.</summary>
    public Concern? Concern
    {
        get
        {
            var ranges = _unreadable.ToList();
            if (ranges.Count == 0)
            {
                return null;
            }

            var listed = string.Join("; ", ranges.Take(MaximumListed).Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Length} at byte {r.Offset}{Where(r.Offset)}")));
            var more = ranges.Count > MaximumListed ? $"; and {ranges.Count - MaximumListed} more ranges" : "";
            return new Concern(
                ConcernSeverity.Warning,
                "ReadErrorsIgnored",
                string.Create(CultureInfo.InvariantCulture, $"{_unreadable.TotalBytes} bytes of disk {number} ('{source.Path}') could not be read and are zeros in the copy: {listed}{more}."),
                "Check the guest's file systems (fsck, chkdsk), and restore the files that lie there from a backup.");
        }
    }

    /// <summary>Whether an error is about the bytes that were asked for, so that others may be read and these be left out.</summary>
    public static bool IsReadError(Exception e) => e is DiskImageException { IsConfined: true };

    /// <summary>Whether zeros were put in place of something in a range that was read.</summary>
    public bool HasUnreadable(long offset, long length) => _unreadable.Find(offset, offset + length).Some;

    public override void Read(long offset, Span<byte> buffer)
    {
        var (all, some) = _unreadable.Find(offset, offset + buffer.Length);
        if (all)
        {
            buffer.Clear();
            return;
        }

        if (some || !TryRead(offset, buffer))
        {
            ReadParts(offset, buffer);
        }
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length) => disk.Extents(offset, length);

    /// <summary>Who reads on past what cannot be read has to read everything.</summary>
    internal override StoredRun? Locate(long offset, long length) => ignoresErrors ? null : disk.Locate(offset, length);

    private bool TryRead(long offset, Span<byte> buffer)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            disk.Read(offset, buffer);
            return true;
        }
        catch (DiskImageException e) when (e.IsConfined)
        {
            var isSector = offset / SectorSize == (offset + buffer.Length - 1) / SectorSize;
            if (isSector && !ignoresErrors)
            {
                throw Describe(e, offset, "", "Repair the disk or copy it again from its origin; -IgnoreReadErrors copies the rest, with zeros for what cannot be read.");
            }

            var time = TimeSpan.FromTicks(Interlocked.Add(ref _failedTicks, Stopwatch.GetElapsedTime(started).Ticks));
            if (isSector)
            {
                buffer.Clear();
                var start = offset & -SectorSize;
                var total = _unreadable.Add(start, Math.Min(start + SectorSize, Length));
                if (total > MaximumUnreadable || time > MaximumTime)
                {
                    throw Describe(
                        e, offset, string.Create(CultureInfo.InvariantCulture, $", and {total} bytes could not be before, which took {time.TotalSeconds:0} seconds: the copy is given up"),
                        "Rescue what can be read of the disk with GNU ddrescue, and convert its copy.");
                }

                return true;
            }

            return false;
        }
        catch (DiskImageException e)
        {
            throw Describe(e, offset, "", e.Advice ?? "Check that nothing else changes the disk, then convert again.");
        }
    }

    /// <summary>Reads the halves, which end at sectors, each for itself.</summary>
    private void ReadParts(long offset, Span<byte> buffer)
    {
        var middle = (offset + (buffer.Length / 2)) & -SectorSize;
        var first = (int)((middle > offset ? middle : (offset + SectorSize) & -SectorSize) - offset);
        Read(offset, buffer[..first]);
        Read(offset + first, buffer[first..]);
    }

    private DiskImageException Describe(DiskImageException e, long offset, string more, string advice) => new(
        e.Error, string.Create(CultureInfo.InvariantCulture, $"Byte {offset} of disk {number} ('{source.Path}'){Where(offset)} cannot be read{more}: {e.Message}"), e)
    {
        Path = e.Path ?? source.Path,
        Format = e.Format,
        Offset = e.Offset ?? offset,
        Advice = advice,
    };

    private string Where(long offset) => locate(offset) is { } place ? $" ({place})" : " (outside of all volumes)";
}
