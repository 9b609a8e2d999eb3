namespace V2V.Engine.FileSystems.Ext;

/// <summary>One operation on the file system: either all of its metadata changes stay in memory, or none.</summary>
internal sealed class ExtTransaction : IDisposable
{
    private readonly ExtVolume _volume;
    private bool _committed;

    private readonly Action? _onRollback;

    public ExtTransaction(ExtVolume volume, Action? onRollback)
    {
        _onRollback = onRollback;
        _volume = volume;
        _volume.Inodes.Trim();
        _volume.Cache.Begin();
    }

    public void Commit()
    {
        _volume.Inodes.StoreChanged();
        _volume.Cache.Commit();
        _committed = true;
    }

    public void Dispose()
    {
        if (!_committed)
        {
            _volume.Cache.Rollback();
            _volume.Inodes.Clear();
            _onRollback?.Invoke();
        }
    }
}
