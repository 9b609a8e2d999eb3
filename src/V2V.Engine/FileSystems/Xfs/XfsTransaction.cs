namespace V2V.Engine.FileSystems.Xfs;

/// <summary>One operation on the file system: either all of its metadata changes stay in memory, or none.</summary>
internal sealed class XfsTransaction : IDisposable
{
    private readonly XfsVolume _volume;
    private readonly Action _onRollback;
    private bool _committed;

    /// <param name="volume">The volume that is changed.</param>
    /// <param name="onRollback">Called when the operation is undone.</param>
    public XfsTransaction(XfsVolume volume, Action onRollback)
    {
        _volume = volume;
        _onRollback = onRollback;
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
            _onRollback();
        }
    }
}
