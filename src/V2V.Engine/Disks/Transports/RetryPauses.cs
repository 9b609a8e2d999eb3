namespace V2V.Engine.Disks.Transports;

/// <summary>How often, and after which pauses, a request to another host is made again: seven times, each pause twice as long as the one before.</summary>
/// <param name="timeout">How long the other side may be silent; all pauses together are about half of it, so that a server may restart.</param>
internal sealed class RetryPauses(TimeSpan timeout)
{
    private const int Maximum = 7;

    private int _count;

    /// <summary>Waits until it is time for the next attempt.</summary>
    /// <param name="ended">Ends the pause: the file is no longer wanted.</param>
    /// <returns>False when there have been enough, or the file is no longer wanted.</returns>
    public bool Next(CancellationToken ended)
    {
        if (_count == Maximum || ended.IsCancellationRequested)
        {
            return false;
        }

        _count++;
        return !ended.WaitHandle.WaitOne(timeout / (1 << (Maximum + 2 - _count)));
    }
}
