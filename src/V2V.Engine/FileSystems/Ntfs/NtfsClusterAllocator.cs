namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Free clusters, by $Bitmap: in one piece if there is one, and not in the zone that Windows leaves for the MFT unless the rest is full.</summary>
internal sealed class NtfsClusterAllocator
{
    /// <summary>The MFT zone is an eighth of the volume, from the MFT's first cluster on, as Windows and ntfs-3g have it.</summary>
    private const int ZoneShare = 8;

    private readonly NtfsVolume _volume;
    private readonly NtfsBitmap _bitmap;
    private readonly NtfsFreeRun _zone;

    /// <summary>Freed by the operation under way; not used again before it is done, so that it can be undone.</summary>
    private readonly List<NtfsFreeRun> _freed = [];

    private long? _free;

    /// <summary>Where to look first.</summary>
    private long _next;

    public NtfsClusterAllocator(NtfsVolume volume)
    {
        _volume = volume;
        var boot = volume.Boot;
        if (volume.Files.Get(NtfsSystemFile.Bitmap).Data is not { IsResident: false, HasCompressedSize: false } data)
        {
            throw NtfsErrors.Corrupt("$Bitmap has no clusters.");
        }

        _bitmap = new NtfsBitmap(volume, data, "$Bitmap", boot.ClusterCount);
        _zone = new NtfsFreeRun(boot.MftCluster, Math.Min(boot.ClusterCount / ZoneShare, boot.ClusterCount - boot.MftCluster));
        _next = _zone.End;
    }

    /// <summary>Free clusters of the volume.</summary>
    public long FreeCount => _free ??= FreeRuns().Sum(r => r.Length);

    /// <summary>What an operation that fails must set back.</summary>
    public (long? Free, long Next) State
    {
        get => (_free, _next);
        set
        {
            (_free, _next) = value;
            _freed.Clear();
        }
    }

    public IEnumerable<NtfsFreeRun> FreeRuns() => _bitmap.FreeRuns(0, _volume.Boot.ClusterCount);

    /// <summary>Takes clusters.</summary>
    /// <param name="count">How many, more than zero.</param>
    /// <param name="hint">Where they should begin.</param>
    /// <param name="isForMft">True to look in the MFT zone first.</param>
    /// <exception cref="GuestFileSystemException">There are not that many.</exception>
    public IReadOnlyList<NtfsFreeRun> Allocate(long count, long? hint = null, bool isForMft = false)
    {
        if (count > FreeCount)
        {
            throw NtfsErrors.Full($"The NTFS volume has {FreeCount << _volume.Boot.ClusterLog} bytes free, and {count << _volume.Boot.ClusterLog} are needed.");
        }

        var taken = new List<NtfsFreeRun>();
        if (hint is { } start && start < _volume.Boot.ClusterCount && RunAt(start, count) is { } next)
        {
            Take(next, taken);
            count -= next.Length;
        }

        if (count > 0 && FindWhole(count, isForMft) is { } whole)
        {
            Take(whole, taken);
            count = 0;
        }

        if (count > 0)
        {
            TakePieces(count, taken);
        }

        if (!isForMft)
        {
            _next = taken[^1].End;
        }

        return taken;
    }

    /// <summary>Gives clusters back when the operation is done.</summary>
    public void Free(long lcn, long length) => _freed.Add(new NtfsFreeRun(lcn, length));

    /// <summary>Clears the bits of what was freed.</summary>
    public void ApplyFreed()
    {
        foreach (var run in _freed)
        {
            _bitmap.Set(run.Lcn, run.Length, isUsed: false);
            _volume.Cache.Forget(Bytes(run));
            _free += run.Length;
        }

        _freed.Clear();
    }

    private NtfsFreeRun? RunAt(long start, long count) =>
        _bitmap.FreeRuns(start, Math.Min(start + count, _volume.Boot.ClusterCount)).Select(r => (NtfsFreeRun?)r).FirstOrDefault() is { } run
        && run.Lcn == start ? run : null;

    /// <summary>The first free run that is long enough, cut to what is needed.</summary>
    private NtfsFreeRun? FindWhole(long count, bool isForMft)
    {
        var (zone, end) = (_zone, _volume.Boot.ClusterCount);
        (long Start, long End)[] areas = isForMft
            ? [(zone.Lcn, zone.End), (zone.End, end), (0, zone.Lcn)]
            : [(_next, _next < zone.Lcn ? zone.Lcn : end), (zone.End, end), (0, zone.Lcn), (zone.Lcn, zone.End)];
        foreach (var (start, stop) in areas)
        {
            foreach (var run in _bitmap.FreeRuns(start, stop))
            {
                if (run.Length >= count)
                {
                    return run with { Length = count };
                }
            }
        }

        return null;
    }

    /// <summary>Takes the longest free runs, outside of the MFT zone first.</summary>
    private void TakePieces(long count, List<NtfsFreeRun> taken)
    {
        var runs = _bitmap.FreeRuns(0, _zone.Lcn).Concat(_bitmap.FreeRuns(_zone.End, _volume.Boot.ClusterCount)).OrderByDescending(r => r.Length).ToList();
        runs.AddRange(_bitmap.FreeRuns(_zone.Lcn, _zone.End).OrderByDescending(r => r.Length));
        foreach (var run in runs)
        {
            var part = run with { Length = Math.Min(run.Length, count) };
            Take(part, taken);
            count -= part.Length;
            if (count == 0)
            {
                return;
            }
        }

        throw NtfsErrors.Corrupt("$Bitmap has fewer free clusters than it had.");
    }

    private void Take(NtfsFreeRun run, List<NtfsFreeRun> taken)
    {
        _bitmap.Set(run.Lcn, run.Length, isUsed: true);
        _volume.Cache.Forget(Bytes(run));
        _free -= run.Length;
        taken.Add(run);
    }

    private ByteRange Bytes(NtfsFreeRun run) => new(run.Lcn << _volume.Boot.ClusterLog, run.Length << _volume.Boot.ClusterLog);
}
