using System.Globalization;
using V2V.Engine.Conversion;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Targets;

namespace V2V.Engine;

/// <summary>What a conversion would do, or did, to a guest: the result of Test-V2VGuest and a part of that of Invoke-V2VConversion.</summary>
public sealed record GuestAssessment
{
    /// <summary>Name of the converted guest: the source's unless another was given.</summary>
    public string Name { get => field ?? Source.Name; init; }

    public required SourceGuest Source { get; init; }

    /// <summary>Null when no operating system could be found.</summary>
    public OperatingSystemInfo? OperatingSystem { get; init; }

    /// <summary>What the guest will be given; null when the steps were not run, or the guest was refused before.</summary>
    public TargetHardware? Hardware { get; init; }

    /// <summary>Where each adapter of the source would be connected, in its order.</summary>
    public IReadOnlyList<DomainNetwork> Networks { get; init => field = PlainList.Of(value); } = [];

    /// <summary>The target that was asked: "pool default at qemu:///system"; null when none was.</summary>
    public string? Target { get; init; }

    /// <summary>What is changed inside the guest, by file and registry key, in the order in which it is done.</summary>
    public IReadOnlyList<ConversionChange> Changes { get; init => field = PlainList.Of(value); } = [];

    public IReadOnlyList<Concern> Concerns { get; init => field = PlainList.Of(value); } = [];

    /// <summary>True when nothing stands against converting it.</summary>
    public bool Convertible => !Concerns.Any(c => c.Severity == ConcernSeverity.Critical);

    /// <summary>Bytes that have to be read from the disks: their data, less what the guest has no use for. Null when that is not known.</summary>
    public long? EstimatedBytes { get; init; }

    /// <summary>Bytes that the disks take at the target at the most, in the format that they get there.</summary>
    public long? EstimatedTargetBytes { get; init; }

    /// <summary>
    /// How long the conversion will take: what the rehearsal took, and <see cref="EstimatedBytes"/> at the rate at which the source could be read
    /// for a moment, at the most 200 MiB a second. Null after a conversion, which knows better.
    /// </summary>
    public TimeSpan? EstimatedTime { get; init; }

    public IReadOnlyList<ConversionPhase> Phases { get; init => field = PlainList.Of(value); } = [];
}

/// <summary>What a conversion did.</summary>
public sealed record ConversionResult
{
    /// <summary>Id of the concern that a domain could not be started.</summary>
    public const string NotStarted = "NotStarted";

    public required string Name { get; init; }

    public required GuestAssessment Assessment { get; init; }

    /// <summary>Full paths (or pool/volume) of the disks, in order.</summary>
    public required IReadOnlyList<string> Disks { get; init => field = PlainList.Of(value); }

    /// <summary>Path of the domain XML, for folders that have one.</summary>
    public string? DomainXmlPath { get; init; }

    /// <summary>Paths of all files beside the disks that describe the guest, for folder targets.</summary>
    public IReadOnlyList<string> Descriptions { get; init => field = PlainList.Of(value); } = [];

    public required string DomainXml { get; init; }

    /// <summary>The domain's UUID; null when it was not defined.</summary>
    public Guid? DomainUuid { get; init; }

    /// <summary>The domain was started, as was asked for.</summary>
    public bool IsStarted { get; init; }

    public required string Target { get; init; }

    /// <summary>The settings that it was converted with, and who decided each: a parameter, the profile or the default.</summary>
    public IReadOnlyList<ConversionSetting> Settings { get; init => field = PlainList.Of(value); } = [];

    /// <summary>Bytes read from the source's disks during the copy.</summary>
    public long BytesRead { get; init; }

    /// <summary>Bytes written to the target.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Bytes of the disks that a run had copied that was stopped, and that were taken over (-Resume).</summary>
    public long BytesResumed { get; init; }

    /// <summary>Bytes of the disks that were neither read nor written, since source and target lie in one file system that lets them share blocks.</summary>
    public long BytesShared { get; init; }

    public IReadOnlyList<ConversionPhase> Phases { get; init => field = PlainList.Of(value); } = [];

    public TimeSpan Elapsed { get; init; }
}

/// <param name="Name">"Open", "Inspect", "Check", "Convert", "Verify", "Copy", "Compare", "Define", "Start".</param>
/// <param name="Seconds">Wall time.</param>
public sealed record ConversionPhase(string Name, double Seconds)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} {Seconds:0.00} s");
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
public sealed record CopiedDisk(string Name, long BytesRead, long BytesWritten)
{
    /// <summary>Bytes of the disk that an earlier run had copied.</summary>
    public long BytesResumed { get; init; }

    /// <summary>Bytes of the disk that share the blocks in which the source has them.</summary>
    public long BytesShared { get; init; }
}
