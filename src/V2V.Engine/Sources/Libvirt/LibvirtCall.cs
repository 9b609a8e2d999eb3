namespace V2V.Engine.Sources.Libvirt;

/// <summary>
/// Runs what may wait for another host on a thread of its own: libvirt's calls take as long as the other side likes, and cannot be
/// interrupted from outside. A call that is given up ends by itself at the other side's next answer.
/// </summary>
internal sealed class LibvirtCall
{
    private long _lastAnswer = Environment.TickCount64;
    private volatile bool _isGivenUp;

    private LibvirtCall()
    {
    }

    /// <summary>Tells, in the middle of a long call, that the other side is there.</summary>
    /// <exception cref="OperationCanceledException">Nobody waits for the result any more.</exception>
    public void Answered()
    {
        if (_isGivenUp)
        {
            throw new OperationCanceledException();
        }

        Volatile.Write(ref _lastAnswer, Environment.TickCount64);
    }

    /// <exception cref="TimeoutException">The other side was silent for longer than <paramref name="silence"/>.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public static T Run<T>(Func<LibvirtCall, T> work, TimeSpan silence, CancellationToken cancellation)
    {
        var call = new LibvirtCall();
        var task = Task.Factory.StartNew(() => work(call), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            while (true)
            {
                var left = (long)silence.TotalMilliseconds - (Environment.TickCount64 - Volatile.Read(ref call._lastAnswer));
                if (left <= 0)
                {
                    throw new TimeoutException();
                }

                if (Task.WaitAny([task], (int)Math.Min(left, int.MaxValue), cancellation) == 0)
                {
                    return task.GetAwaiter().GetResult();
                }
            }
        }
        finally
        {
            if (!task.IsCompleted)
            {
                call._isGivenUp = true;
                _ = task.ContinueWith(Discard, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    private static void Discard<T>(Task<T> task)
    {
        // Looking at the exception keeps it from being reported as one that nobody looked at.
        if (task.Exception is null && task.Result is IDisposable late)
        {
            late.Dispose();
        }
    }
}
