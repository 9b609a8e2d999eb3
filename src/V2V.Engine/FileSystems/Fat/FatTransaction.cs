namespace V2V.Engine.FileSystems.Fat;

/// <summary>One operation on the file system: either all of its changes to tables and directories stay in memory, or none.</summary>
internal sealed class FatTransaction : IDisposable
{
    private readonly FatVolume _volume;
    private readonly (long? FreeClusters, uint Hint) _table;
    private bool _isCommitted;

    public FatTransaction(FatVolume volume)
    {
        _volume = volume;
        _table = volume.Table.State;
        volume.Cache.Begin();
    }

    public void Commit()
    {
        _volume.Cache.Commit();
        _isCommitted = true;
    }

    public void Dispose()
    {
        if (!_isCommitted)
        {
            _volume.Cache.Rollback();
            _volume.Table.State = _table;
            _volume.ForgetAll();
        }
    }
}
