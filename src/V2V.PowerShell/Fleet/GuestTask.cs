using V2V.Engine;

namespace V2V.PowerShell.Fleet;

/// <summary>What is to be done with one guest.</summary>
/// <param name="Name">The guest's name, for the record of the run.</param>
/// <param name="Activity">Headline of its progress display.</param>
/// <param name="Target">The guest or path that an error is about.</param>
/// <param name="Work">The work, on a thread of its own, given where to report to and what cancels it.</param>
/// <param name="Done">Writes what the work returned, where streams may be written.</param>
internal sealed record GuestTask(
    string Name, string Activity, object? Target, Func<IProgress<ConversionProgress>, CancellationToken, object> Work, Action<GuestStreams, object> Done)
{
    /// <summary>Cancels this guest alone.</summary>
    public CancellationToken Cancellation { get; init; }

    public static GuestTask Create<T>(
        string name, string activity, object? target, Func<IProgress<ConversionProgress>, CancellationToken, T> work, Action<GuestStreams, T> done)
        where T : notnull =>
        new(name, activity, target, (progress, cancellation) => work(progress, cancellation), (streams, result) => done(streams, (T)result));
}

/// <summary>How the work on a guest ended: with a result, with an error, or with neither, since it was cancelled.</summary>
internal sealed record GuestOutcome(object? Result, Exception? Error, TimeSpan Elapsed)
{
    public bool IsCancelled => Result is null && Error is null;
}
