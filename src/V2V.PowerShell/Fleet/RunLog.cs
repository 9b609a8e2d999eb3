using System.Diagnostics;
using System.Management.Automation;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using V2V.Engine;
using V2V.Engine.Sources;

namespace V2V.PowerShell.Fleet;

/// <summary>
/// The record of a run for schedulers: a JSON object a line, appended to a file. A line is written by one call when its event happens, from
/// whatever thread, so that what a killed run leaves is whole lines.
/// </summary>
internal sealed partial class RunLog : IDisposable
{
    private static readonly JsonTypeInfo<RunLogLine> Json = new RunLogJson(
        new JsonSerializerOptions(RunLogJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }).RunLogLine;

    private readonly Lock _lock = new();
    private readonly FileStream _file;
    private readonly Guid _run = Guid.NewGuid();
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _guests;
    private int _succeeded;
    private int _failed;
    private int _stopped;
    private bool _ended;

    private RunLog(FileStream file) => _file = file;

    /// <summary>The first failure to write; null when all was written. The run goes on without its record.</summary>
    public Exception? Failure { get; private set; }

    public string Path => _file.Name;

    /// <summary>Opens a file to append to, and writes that the run has begun. Others may read it meanwhile.</summary>
    /// <param name="path">The file. It is made if need be; its folder has to be there.</param>
    /// <param name="command">The command that runs.</param>
    /// <param name="target">Where guests go; null when nowhere.</param>
    /// <exception cref="IOException">It cannot be written, or another run is writing to it.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write it.</exception>
    public static RunLog Open(string path, string command, string? target)
    {
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        try
        {
            EndTornLine(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        var log = new RunLog(file);
        log.Write(log.Line("runStarted") with { Command = command, Version = typeof(RunLog).Assembly.GetName().Version?.ToString(3), Target = target });
        return log;
    }

    public void GuestStarted(int number, GuestTask task)
    {
        Interlocked.Increment(ref _guests);
        var guest = task.Target as SourceGuest;
        Write(Line("guestStarted", number, task) with { Path = guest?.Path });
        WriteConcerns(number, task, guest?.Concerns ?? []);
    }

    /// <summary>Takes a guest's reports, and passes them on.</summary>
    public IProgress<ConversionProgress> Reporter(int number, GuestTask task, IProgress<ConversionProgress> next) =>
        new PhaseLog(this, number, task, next);

    public void GuestEnded(int number, GuestTask task, GuestOutcome outcome)
    {
        var end = Line("guestEnded", number, task) with { Seconds = Seconds(outcome.Elapsed) };
        switch (outcome)
        {
            case { Error: { } error }:
                Interlocked.Increment(ref _failed);
                Write(Error(Line("error", number, task), ErrorRecords.From(error, task.Target)));
                Write(end with { Result = "failed" });
                break;
            case { Result: ConversionResult result }:
                Interlocked.Increment(ref _succeeded);
                WriteConcerns(number, task, result.Assessment.Concerns.Except(result.Assessment.Source.Concerns));
                Write(end with { Result = "converted", BytesRead = result.BytesRead, BytesWritten = result.BytesWritten, BytesResumed = IfAny(result.BytesResumed), BytesShared = IfAny(result.BytesShared) });
                break;
            case { Result: GuestAssessment assessment }:
                Interlocked.Increment(ref _succeeded);
                WriteConcerns(number, task, assessment.Concerns.Except(assessment.Source.Concerns));
                Write(end with { Result = assessment.Convertible ? "convertible" : "notConvertible" });
                break;
            default:
                Interlocked.Increment(ref _stopped);
                Write(end with { Result = "stopped" });
                break;
        }
    }

    /// <summary>An error that kept a guest from being started.</summary>
    public void Refused(ErrorRecord error)
    {
        Interlocked.Increment(ref _failed);
        var guest = error.TargetObject as SourceGuest;
        Write(Error(Line("error") with { Guest = guest?.Name, Path = guest?.Path ?? error.TargetObject as string }, error));
    }

    /// <summary>Ends the record.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }

            Write(Line("runEnded") with
            {
                Guests = _guests,
                Succeeded = _succeeded,
                Failed = _failed,
                Stopped = _stopped,
                Seconds = Seconds(Stopwatch.GetElapsedTime(_start)),
            });
            _ended = true;
            _file.Dispose();
        }
    }

    /// <summary>A run whose host lost its power, or whose disk was full, may have left half a line.</summary>
    private static void EndTornLine(FileStream file)
    {
        if (file.Length > 0)
        {
            file.Position = file.Length - 1;
            if (file.ReadByte() != '\n')
            {
                file.Write("\n"u8);
            }
        }
    }

    /// <summary>Nothing is said where nothing was taken over, which is nearly always.</summary>
    private static long? IfAny(long bytes) => bytes > 0 ? bytes : null;

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 3);

    private static RunLogLine Error(RunLogLine line, ErrorRecord error) => line with
    {
        Id = error.FullyQualifiedErrorId.Split(',')[0],
        Message = error.Exception.Message,
        Advice = error.ErrorDetails?.RecommendedAction,
    };

    private RunLogLine Line(string name) => new(default, _run, name);

    private RunLogLine Line(string name, int number, GuestTask task) => Line(name) with { Number = number, Guest = task.Name };

    private void WriteConcerns(int number, GuestTask task, IEnumerable<Concern> concerns)
    {
        foreach (var concern in concerns)
        {
            Write(Line("concern", number, task) with { Severity = concern.Severity, Id = concern.Id, Message = concern.Message, Advice = concern.Advice });
        }
    }

    private void Write(RunLogLine line)
    {
        // Everything else that is written comes from the guest or the engine.
        line = line with { Path = HideSecrets(line.Path), Target = HideSecrets(line.Target), Message = HideSecrets(line.Message), Advice = HideSecrets(line.Advice) };
        lock (_lock)
        {
            // In the order of the lines.
            byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line with { Time = DateTime.UtcNow }, Json), (byte)'\n'];
            if (_ended || Failure is not null)
            {
                return;
            }

            try
            {
                _file.Write(bytes);
            }
            catch (IOException e)
            {
                Failure = e;
            }
        }
    }

    private static string? HideSecrets(string? text) =>
        text is null ? null : WebQuery().Replace(UriPassword().Replace(text, "***"), "?***");

    /// <summary>The password of a URI: "https://user:password@host/".</summary>
    [GeneratedRegex(@"(?<=://[^/\s:@]*:)[^/\s]*(?=@)")]
    private static partial Regex UriPassword();

    /// <summary>What gives access to a file of a web server that needs no other: "https://host/disk.vmdk?signature=...".</summary>
    [GeneratedRegex(@"(?<=https?://[^\s?]*)\?[^\s'""]+", RegexOptions.IgnoreCase)]
    private static partial Regex WebQuery();

    /// <summary>Writes a line for each phase, change and copied disk of a guest.</summary>
    private sealed class PhaseLog(RunLog log, int number, GuestTask task, IProgress<ConversionProgress> next) : IProgress<ConversionProgress>
    {
        private readonly Lock _phaseLock = new();
        private string? _phase;

        public void Report(ConversionProgress value)
        {
            lock (_phaseLock)
            {
                if (value.Phase != _phase)
                {
                    _phase = value.Phase;
                    log.Write(log.Line("phase", number, task) with { Phase = value.Phase });
                }

                foreach (var change in value.Changes)
                {
                    log.Write(log.Line("change", number, task) with { Kind = change.Kind, Path = change.Path, What = change.What, Why = change.Why });
                }

                if (value.CopiedDisk is { } disk)
                {
                    log.Write(log.Line("diskCopied", number, task) with { Disk = disk.Name, BytesRead = disk.BytesRead, BytesWritten = disk.BytesWritten, BytesResumed = IfAny(disk.BytesResumed), BytesShared = IfAny(disk.BytesShared) });
                }
            }

            next.Report(value);
        }
    }
}
