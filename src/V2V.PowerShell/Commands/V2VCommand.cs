using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Sources;
using V2V.PowerShell.Fleet;

namespace V2V.PowerShell.Commands;

/// <summary>
/// What every command shares: Ctrl+C cancels the engine, paths are PowerShell's, errors of one guest do not end the pipeline, and long work
/// runs on a worker thread while the pipeline's thread, the only one that may write, shows its progress.
/// </summary>
public abstract class V2VCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private GuestRunner? _runner;

    protected CancellationToken Cancellation => _cancellation.Token;

    protected override void StopProcessing()
    {
        try
        {
            _cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The pipeline ended on its own in this very moment.
        }
    }

    /// <summary>Does quick work on this thread. When it fails the error is written, and the next input can have its turn.</summary>
    /// <param name="target">The guest or path that an error is about.</param>
    /// <param name="work">The work.</param>
    /// <param name="result">What it returned.</param>
    protected bool Try<T>(object? target, Func<T> work, [MaybeNullWhen(false)] out T result)
    {
        ErrorRecord error;
        try
        {
            result = work();
            return true;
        }
        catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (Exception e) when (e is not RuntimeException)
        {
            // RuntimeExceptions are PowerShell's own: a stopped pipeline, -ErrorAction Stop. They must pass.
            error = ErrorRecords.From(e, target);
        }

        result = default;
        Report(error);
        return false;
    }

    /// <summary>Where everything goes that is written of a guest.</summary>
    private protected GuestStreams Streams => field ??= new CommandStreams(this);

    /// <summary>What works on guests beside the pipeline's thread.</summary>
    private protected GuestRunner Runner => _runner ??= CreateRunner(_cancellation.Token);

    private protected virtual GuestRunner CreateRunner(CancellationToken cancellation) =>
        new(MyInvocation.MyCommand.Name, limit: 1, Streams, cancellation: cancellation);

    /// <summary>
    /// Begins long work on a worker thread, when there is room for it. What comes of it is written when the next begins or the command ends;
    /// an error is written as in <see cref="Try"/>.
    /// </summary>
    private protected virtual void Run(GuestTask task) => Await(() => Runner.Start(task, Streams));

    /// <summary>Writes what came of the work so far, without waiting.</summary>
    private protected void WriteRuns() => Await(() => _runner?.HandOver());

    /// <summary>Waits for all work and writes what comes of it.</summary>
    private protected void FinishRuns() => Await(() => _runner?.Finish());

    protected override void EndProcessing() => FinishRuns();

    /// <summary>Writes an error about something that no work was begun on.</summary>
    private protected virtual void Report(ErrorRecord error) => WriteError(error);

    private void Await(Action work)
    {
        try
        {
            work();
        }
        catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <summary>The files and folders that a path with wildcards names. What cannot be found is an error; a wildcard that nothing matches is not.</summary>
    protected IReadOnlyList<string> ResolveWildcards(string path)
    {
        try
        {
            if (WildcardPattern.ContainsWildcardCharacters(path))
            {
                var matches = FilePattern.Find(ResolveLiteral(path)).ToList();
                WriteVerbose($"{path} matches {matches.Count} files and folders.");
                return matches;
            }

            var files = GetResolvedProviderPathFromPSPath(path, out var provider);
            if (provider.Name != "FileSystem")
            {
                Report(ErrorRecords.NotAFileSystemPath(path));
                return [];
            }

            return files;
        }
        catch (ItemNotFoundException) when (path.Contains('!') && ArchiveMember.TrySplit(ResolveLiteral(path), out _, out _))
        {
            return [ResolveLiteral(path)];
        }
        catch (ItemNotFoundException e)
        {
            var error = new SourceException(V2VError.SourceNotFound, $"{path} was not found.", e) { Path = path, Advice = "Check the path." };
            Report(ErrorRecords.From(error, path));
            return [];
        }
        catch (SessionStateException e)
        {
            // A drive or provider that does not exist.
            Report(new ErrorRecord(e.ErrorRecord, e));
            return [];
        }
    }

    /// <summary>The full path of a file or folder that need not exist.</summary>
    protected string ResolveLiteral(string path)
    {
        var full = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
        if (provider.Name != "FileSystem")
        {
            ThrowTerminatingError(ErrorRecords.NotAFileSystemPath(path));
        }

        return full;
    }

    /// <summary>The profile with this command's parameters put in. A mistake in them ends the command.</summary>
    private protected ConversionProfile ApplyParameters(ConversionProfile profile)
    {
        try
        {
            return ProfileParameters.Apply(profile, MyInvocation.BoundParameters, ResolveLiteral);
        }
        catch (PSArgumentException e)
        {
            ThrowTerminatingError(ErrorRecords.ParametersConflict(e.Message, null));
            throw;
        }
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            // A pipeline that ends in the middle has stopped nothing yet.
            _runner?.Dispose();
            _cancellation.Dispose();
        }
    }
}
