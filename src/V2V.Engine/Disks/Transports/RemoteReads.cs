namespace V2V.Engine.Disks.Transports;

/// <summary>
/// What ends the reads of files on other hosts, the unpacking of compressed ones, and the wait for a libvirt that does not answer: each may take
/// minutes, and nobody who cancels a conversion waits for that. It goes with the flow of calls, onto threads that are started in it too, since the formats between a conversion and the files that
/// it opens need not know of it.
/// </summary>
internal static class RemoteReads
{
    private static readonly AsyncLocal<CancellationToken> Current = new();

    /// <summary>Closes the files that are opened from here on, until the scope is disposed, when <paramref name="cancellation"/> is.</summary>
    public static IDisposable EndOn(CancellationToken cancellation)
    {
        var scope = new Scope(Current.Value);
        Current.Value = cancellation;
        return scope;
    }

    /// <summary>What a file that is opened now is closed by.</summary>
    public static CancellationToken Cancellation => Current.Value;

    private sealed class Scope(CancellationToken outer) : IDisposable
    {
        public void Dispose() => Current.Value = outer;
    }
}
