using V2V.Engine.Conversion;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;

namespace V2V.Engine;

/// <summary>What a conversion would do, or did, to a guest: the result of Test-V2VGuest and a part of that of Invoke-V2VConversion.</summary>
public sealed record GuestAssessment
{
    public required SourceGuest Source { get; init; }

    /// <summary>Null when no operating system could be found.</summary>
    public OperatingSystemInfo? OperatingSystem { get; init; }

    public TargetHardware? Hardware { get; init; }

    public IReadOnlyList<ConversionChange> Changes { get; init => field = PlainList.Of(value); } = [];

    public IReadOnlyList<Concern> Concerns { get; init => field = PlainList.Of(value); } = [];

    /// <summary>True when nothing stands against converting it.</summary>
    public bool Convertible => !Concerns.Any(c => c.Severity == ConcernSeverity.Critical);

    public IReadOnlyList<ConversionPhase> Phases { get; init => field = PlainList.Of(value); } = [];
}

/// <summary>What a conversion did.</summary>
public sealed record ConversionResult
{
    public required string Name { get; init; }

    public required GuestAssessment Assessment { get; init; }

    /// <summary>Full paths (or pool/volume) of the disks, in order.</summary>
    public required IReadOnlyList<string> Disks { get; init => field = PlainList.Of(value); }

    /// <summary>Path of the domain XML for folder targets.</summary>
    public string? DomainXmlPath { get; init; }

    public required string DomainXml { get; init; }

    public Guid? DomainUuid { get; init; }

    public required string Target { get; init; }

    /// <summary>The settings that it was converted with, and who decided each: a parameter, the profile or the default.</summary>
    public IReadOnlyList<ConversionSetting> Settings { get; init => field = PlainList.Of(value); } = [];

    /// <summary>Bytes read from the source's disks during the copy.</summary>
    public long BytesRead { get; init; }

    /// <summary>Bytes written to the target.</summary>
    public long BytesWritten { get; init; }

    public IReadOnlyList<ConversionPhase> Phases { get; init => field = PlainList.Of(value); } = [];

    public TimeSpan Elapsed { get; init; }
}

/// <param name="Name">"Open", "Inspect", "Check", "Convert", "Verify", "Copy", "Define".</param>
/// <param name="Seconds">Wall time.</param>
public sealed record ConversionPhase(string Name, double Seconds)
{
    public override string ToString() => $"{Name} {Seconds:0.00} s";
}

/// <summary>Where a conversion stands.</summary>
/// <param name="Phase">The phase's name.</param>
/// <param name="Activity">What is being done right now.</param>
/// <param name="Done">Bytes done, in the copy phase.</param>
/// <param name="Total">Bytes to do, in the copy phase.</param>
public sealed record ConversionProgress(string Phase, string Activity, long Done = 0, long Total = 0)
{
    public int? Percent => Total > 0 ? (int)(Done * 100 / Total) : null;

    /// <summary>What was changed in the guest since the last report. It counts when the conversion ends well.</summary>
    public IReadOnlyList<ConversionChange> Changes { get; init; } = [];

    /// <summary>The disk that has just been copied; null in other reports.</summary>
    public CopiedDisk? CopiedDisk { get; init; }
}

/// <param name="Name">Name of the file or volume at the target.</param>
/// <param name="BytesRead">Bytes read from the source.</param>
/// <param name="BytesWritten">Bytes written to the target.</param>
public sealed record CopiedDisk(string Name, long BytesRead, long BytesWritten);
