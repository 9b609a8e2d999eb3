using System.Globalization;
using System.Management.Automation;
using V2V.Engine;

namespace V2V.PowerShell.Reports;

/// <summary>How far a guest came.</summary>
internal enum ReportOutcome
{
    Failed,
    Refused,
    Convertible,
    Converted,
}

/// <summary>
/// What a report says of one guest. Objects are read by the names of their properties, so that those that were stored or came from another
/// process serve as well as those of this one.
/// </summary>
internal sealed record ReportGuest
{
    public required string Name { get; init; }

    /// <summary>The source's path or URI; of an error that names no guest, what it is about.</summary>
    public required string Path { get; init; }

    public required ReportOutcome Outcome { get; init; }

    public string Kind { get; init; } = "";

    public string OperatingSystem { get; init; } = "";

    public string Hardware { get; init; } = "";

    public string Target { get; init; } = "";

    public long Cpus { get; init; }

    public long MemoryMiB { get; init; }

    /// <summary>Bytes that the guest sees of its disks.</summary>
    public long Capacity { get; init; }

    /// <summary>Bytes that the source's disks take.</summary>
    public long Allocated { get; init; }

    public long BytesRead { get; init; }

    public long BytesWritten { get; init; }

    public TimeSpan Elapsed { get; init; }

    public IReadOnlyList<string> Disks { get; init; } = [];

    public IReadOnlyList<ConversionPhase> Phases { get; init; } = [];

    public IReadOnlyList<Concern> Concerns { get; init; } = [];

    public IReadOnlyList<(string Path, string What, string Why)> Changes { get; init; } = [];

    public IReadOnlyList<ReportError> Errors { get; init; } = [];

    /// <summary>Guests of one name and path are the same.</summary>
    public (string Path, string Name) Key => (Path, SourceName);

    private string SourceName { get; init; } = "";

    /// <summary>Null for an object that is nothing of V2V's.</summary>
    public static ReportGuest? From(PSObject input) => input.BaseObject is IContainsErrorRecord ended ? FromError(PSObject.AsPSObject(ended.ErrorRecord))
        : Is(input, typeof(ErrorRecord)) ? FromError(input)
        : Is(input, typeof(ConversionResult)) ? FromResult(input)
        : Is(input, typeof(GuestAssessment)) ? FromAssessment(input)
        : null;

    /// <summary>What is told of the same guest twice: an assessment and how the conversion then went.</summary>
    public ReportGuest With(ReportGuest later)
    {
        var known = later.Outcome == ReportOutcome.Failed && later.OperatingSystem.Length == 0 ? this : later;
        return known with { Outcome = later.Outcome, Errors = [.. Errors, .. later.Errors] };
    }

    /// <summary>A stored error has lost its details, but not its exception's advice.</summary>
    private static ReportGuest FromError(PSObject error)
    {
        var source = Object(error, "TargetObject");
        var exception = Object(error, "Exception");
        string?[] advice = [Text(Object(error, "ErrorDetails"), "RecommendedAction"), Text(exception, "Advice")];
        var reported = new ReportError(Text(error, "FullyQualifiedErrorId").Split(',')[0], Text(exception, "Message"), advice.FirstOrDefault(text => text is not ""));
        if (source?.Properties["Name"] is not null && source.Properties["Path"] is not null)
        {
            return FromSource(source) with { Outcome = ReportOutcome.Failed, Errors = [reported] };
        }

        var path = source?.ToString() ?? "";
        return new ReportGuest
        {
            Name = path.Length > 0 ? System.IO.Path.GetFileName(path.TrimEnd('/')) : "-",
            Path = path,
            Outcome = ReportOutcome.Failed,
            Errors = [reported],
        };
    }

    private static ReportGuest FromResult(PSObject result) => FromAssessment(Object(result, "Assessment")) with
    {
        Name = Text(result, "Name"),
        Outcome = ReportOutcome.Converted,
        Target = Text(result, "Target"),
        BytesRead = Number(result, "BytesRead"),
        BytesWritten = Number(result, "BytesWritten"),
        Elapsed = Value(result, "Elapsed") is { } elapsed && LanguagePrimitives.TryConvertTo(elapsed, out TimeSpan time) ? time : default,
        Disks = [.. Items(result, "Disks").Select(disk => disk.ToString())],
        Phases = PhasesOf(result),
    };

    private static ReportGuest FromAssessment(PSObject? assessment)
    {
        var guest = FromSource(Object(assessment, "Source"));
        var hardware = Object(assessment, "Hardware");
        var concerns = guest.Concerns.Concat(Items(assessment, "Concerns").Select(ConcernOf)).Distinct().ToList();
        return guest with
        {
            Outcome = concerns.Any(concern => concern.Severity == ConcernSeverity.Critical) ? ReportOutcome.Refused : ReportOutcome.Convertible,
            OperatingSystem = Text(assessment, "OperatingSystem"),
            Hardware = hardware is null ? "" : $"{Text(hardware, "Machine")}, {Text(hardware, "Firmware")}, disks on {Text(hardware, "DiskBus")}, network {Text(hardware, "NetworkModel")}",
            Phases = PhasesOf(assessment),
            Elapsed = TimeSpan.FromSeconds(PhasesOf(assessment).Sum(phase => phase.Seconds)),
            Concerns = concerns,
            Changes = [.. Items(assessment, "Changes").Select(change => (Text(change, "Path"), Text(change, "What"), Text(change, "Why")))],
        };
    }

    /// <summary>What the description alone tells.</summary>
    private static ReportGuest FromSource(PSObject? source)
    {
        var disks = Items(source, "Disks").ToList();
        return new ReportGuest
        {
            Name = Text(source, "Name"),
            SourceName = Text(source, "Name"),
            Path = Text(source, "Path"),
            Outcome = ReportOutcome.Convertible,
            Kind = Text(source, "SourceKind"),
            Cpus = Number(source, "CpuCount"),
            MemoryMiB = Number(source, "MemoryMiB"),
            Capacity = disks.Sum(disk => Number(disk, "Capacity")),
            Allocated = disks.Sum(disk => Number(disk, "Allocated")),
            Concerns = [.. Items(source, "Concerns").Select(ConcernOf).Distinct()],
        };
    }

    private static Concern ConcernOf(PSObject concern) => new(
        Enum.TryParse<ConcernSeverity>(Text(concern, "Severity"), out var severity) ? severity : ConcernSeverity.Warning,
        Text(concern, "Id"), Text(concern, "Message"), Text(concern, "Advice") is { Length: > 0 } advice ? advice : null);

    private static ConversionPhase[] PhasesOf(PSObject? input) =>
        [.. Items(input, "Phases").Select(phase => new ConversionPhase(Text(phase, "Name"), LanguagePrimitives.TryConvertTo(Value(phase, "Seconds"), out double seconds) ? seconds : 0))];

    private static bool Is(PSObject input, Type type) => input.TypeNames.Any(name => name == type.FullName || name == "Deserialized." + type.FullName);

    private static object? Value(PSObject? input, string property) => input?.Properties[property]?.Value;

    private static PSObject? Object(PSObject? input, string property) => Value(input, property) is { } value ? PSObject.AsPSObject(value) : null;

    private static string Text(PSObject? input, string property) => Value(input, property) is { } value ? Convert.ToString(value, CultureInfo.InvariantCulture) ?? "" : "";

    private static long Number(PSObject? input, string property) => LanguagePrimitives.TryConvertTo(Value(input, property), CultureInfo.InvariantCulture, out long number) ? number : 0;

    private static IEnumerable<PSObject> Items(PSObject? input, string property) =>
        LanguagePrimitives.GetEnumerable(Value(input, property))?.Cast<object?>().OfType<object>().Select(PSObject.AsPSObject) ?? [];
}

/// <param name="Id">A V2VError, or another id of the module.</param>
/// <param name="Message">What went wrong.</param>
/// <param name="Advice">What to do.</param>
internal sealed record ReportError(string Id, string Message, string? Advice);
