namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>One operation on the file system: either all of its metadata changes stay in memory, or none.</summary>
internal sealed class NtfsTransaction : IDisposable
{
    private readonly NtfsVolume _volume;
    private readonly Action _onRollback;
    private readonly Action? _onCommit;
    private readonly (long? Free, long Next) _clusters;
    private readonly long _records;
    private bool _isCommitted;

    /// <param name="volume">The volume that is changed.</param>
    /// <param name="onRollback">Called when the operation is undone.</param>
    /// <param name="onCommit">Called when it is done.</param>
    public NtfsTransaction(NtfsVolume volume, Action onRollback, Action? onCommit = null)
    {
        _volume = volume;
        _onRollback = onRollback;
        _onCommit = onCommit;
        _clusters = volume.Clusters.State;
        _records = volume.Records.State;
        volume.Files.Trim();
        volume.Cache.Begin();
    }

    /// <summary>Does everything that can fail. What follows are only writes to clusters that are the file's own by then.</summary>
    public void Prepare()
    {
        _volume.Files.StoreChanged();
        _volume.Clusters.ApplyFreed();
    }

    public void Commit()
    {
        Prepare();
        _volume.Cache.Commit();
        _isCommitted = true;
        _onCommit?.Invoke();
    }

    public void Dispose()
    {
        if (!_isCommitted)
        {
            _volume.Cache.Rollback();
            _volume.Files.Clear();
            _volume.Clusters.State = _clusters;
            _volume.Records.State = _records;
            _volume.Mft.Reload();
            _onRollback();
        }
    }
}
