using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Sources;

namespace V2V.PowerShell.Commands;

/// <summary>
/// What every command shares: Ctrl+C cancels the engine, paths are PowerShell's, errors of one guest do not end the pipeline, and long work
/// runs on a worker thread while the pipeline's thread, the only one that may write, shows its progress.
/// </summary>
public abstract class V2VCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();

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
        WriteError(error);
        return false;
    }

    /// <summary>Does long work on a worker thread and shows its progress. Errors are written as in <see cref="Try"/>.</summary>
    /// <param name="activity">Headline of the progress display.</param>
    /// <param name="target">The guest or path that an error is about.</param>
    /// <param name="work">The work, given where to report to and what cancels it.</param>
    /// <param name="result">What it returned.</param>
    protected bool TryWithProgress<T>(
        string activity, object? target, Func<IProgress<ConversionProgress>, CancellationToken, T> work, [MaybeNullWhen(false)] out T result) =>
        Try(target, () => RunWithProgress(activity, work), out result);

    private T RunWithProgress<T>(string activity, Func<IProgress<ConversionProgress>, CancellationToken, T> work)
    {
        using var reports = new BlockingCollection<ConversionProgress>();
        using var queue = new ProgressQueue(reports);
        var worker = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    return work(queue, Cancellation);
                }
                finally
                {
                    queue.Dispose();
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        var display = new ProgressDisplay(activity);
        try
        {
            foreach (var report in reports.GetConsumingEnumerable(CancellationToken.None))
            {
                if (display.EntersPhase(report))
                {
                    WriteVerbose($"{activity}: {report.Phase}");
                }

                WriteProgress(display.Show(report));
            }
        }
        catch
        {
            // The pipeline is being stopped. The engine still has to remove what it has made, so it is waited for.
            _cancellation.Cancel();
            Task.WaitAny([worker], CancellationToken.None);
            throw;
        }

        if (!Stopping)
        {
            WriteProgress(display.Completed());
        }

        return worker.GetAwaiter().GetResult();
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
                WriteError(ErrorRecords.NotAFileSystemPath(path));
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
            WriteError(ErrorRecords.From(error, path));
            return [];
        }
        catch (SessionStateException e)
        {
            // A drive or provider that does not exist.
            WriteError(new ErrorRecord(e.ErrorRecord, e));
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

    /// <summary>Writes what is worth a warning to the warning stream. The objects keep it too.</summary>
    protected virtual void WriteWarnings(string guest, IEnumerable<Concern> concerns)
    {
        foreach (var concern in concerns)
        {
            if (concern.Severity != ConcernSeverity.Information)
            {
                WriteWarning($"{guest}: {concern}");
            }
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
            _cancellation.Dispose();
        }
    }
}
