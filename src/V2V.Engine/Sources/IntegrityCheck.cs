using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources;

/// <summary>Compares the digests that a guest's package gives with its files, on a thread of its own while the guest is converted.</summary>
internal sealed class IntegrityCheck : IDisposable
{
    private readonly CancellationTokenSource _cancellation;
    private readonly Task _task;

    private IntegrityCheck(SourceGuest source, CancellationToken cancellation)
    {
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var token = _cancellation.Token;
        _task = Task.Factory.StartNew(
            () =>
            {
                using var reads = RemoteReads.EndOn(token);
                foreach (var digest in source.Disks.Select(d => d.ExpectedDigest).OfType<SourceDigest>())
                {
                    digest.Verify(cancellation: token);
                }
            },
            token,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    public static IntegrityCheck Start(SourceGuest source, CancellationToken cancellation) => new(source, cancellation);

    /// <exception cref="SourceException">A file is not what the package says.</exception>
    public void Wait() => _task.GetAwaiter().GetResult();

    /// <summary>Ends a check that nobody waits for any more.</summary>
    public void Dispose()
    {
        _cancellation.Cancel();
        ((IAsyncResult)_task).AsyncWaitHandle.WaitOne();
        _cancellation.Dispose();
    }
}
