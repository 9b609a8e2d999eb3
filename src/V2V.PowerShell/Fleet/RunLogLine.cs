using System.Text.Json.Serialization;
using V2V.Engine;
using V2V.Engine.Conversion;

namespace V2V.PowerShell.Fleet;

/// <summary>A line of the record of a run (docs/run-log.md). What an event does not tell is left out.</summary>
/// <param name="Time">When it was written, UTC.</param>
/// <param name="Run">The run's id, the same in all of its lines.</param>
/// <param name="Event">"runStarted", "guestStarted", "phase", "change", "diskCopied", "concern", "error", "guestEnded", "runEnded".</param>
internal sealed record RunLogLine(DateTime Time, Guid Run, string Event)
{
    /// <summary>The guest's number in the run, from 1, in the order in which they were started; names may repeat.</summary>
    public int? Number { get; init; }

    public string? Guest { get; init; }

    /// <summary>The guest's description or first disk; of an error without a guest what it is about.</summary>
    public string? Path { get; init; }

    public string? Command { get; init; }

    public string? Version { get; init; }

    /// <summary>Where guests go.</summary>
    public string? Target { get; init; }

    public string? Phase { get; init; }

    public ChangeKind? Kind { get; init; }

    public string? What { get; init; }

    public string? Why { get; init; }

    public string? Disk { get; init; }

    public ConcernSeverity? Severity { get; init; }

    /// <summary>The id of a concern or an error.</summary>
    public string? Id { get; init; }

    public string? Message { get; init; }

    public string? Advice { get; init; }

    /// <summary>"converted", "convertible", "notConvertible", "failed", "stopped".</summary>
    public string? Result { get; init; }

    /// <summary>Wall time of the guest or the run.</summary>
    public double? Seconds { get; init; }

    public long? BytesRead { get; init; }

    public long? BytesWritten { get; init; }

    /// <summary>Bytes that were taken over from a run that was stopped; null when none were.</summary>
    public long? BytesResumed { get; init; }

    /// <summary>Bytes whose blocks source and target share; null when they share none.</summary>
    public long? BytesShared { get; init; }

    /// <summary>How many guests were started, and how they ended.</summary>
    public int? Guests { get; init; }

    public int? Succeeded { get; init; }

    public int? Failed { get; init; }

    public int? Stopped { get; init; }
}

[JsonSerializable(typeof(RunLogLine))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
internal sealed partial class RunLogJson : JsonSerializerContext;
