using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.PowerShell.Fleet;
using V2V.PowerShell.Jobs;

namespace V2V.PowerShell.Commands;

/// <summary>
/// Converts guests so that they run on KVM: writes their disks to a libvirt storage pool or a folder and defines the domain. The source is
/// never written. A conversion that fails or is stopped leaves nothing behind.
/// </summary>
[Cmdlet(VerbsLifecycle.Invoke, "V2VConversion", DefaultParameterSetName = "Path", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(ConversionResult), typeof(ConversionJob))]
public sealed class InvokeV2VConversionCommand : TargetCommand
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<GuestTask> _jobTasks = [];
    private SourceGuest? _named;

    /// <summary>Name of the converted guest; only for a single guest. The source's name when it is left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Replaces disks and a domain that have the guest's name already.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Starts the domain when it is defined.</summary>
    [Parameter]
    public SwitchParameter Start { get; set; }

    /// <summary>Has the domain started whenever its host is.</summary>
    [Parameter]
    public SwitchParameter AutoStart { get; set; }

    /// <summary>Writes the disks and returns the domain's XML in the result without defining the domain.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Reads every disk back after it was written and compares it with the converted guest.</summary>
    [Parameter]
    public SwitchParameter Verify { get; set; }

    /// <summary>Copies a disk also when sectors of it cannot be read: they become zeros, and a warning names them.</summary>
    [Parameter]
    public SwitchParameter IgnoreReadErrors { get; set; }

    /// <summary>
    /// Goes on with the copy of a conversion of this guest that was killed, and copies the rest only; the whole where there is none, or the source has
    /// changed.
    /// </summary>
    [Parameter]
    public SwitchParameter Resume { get; set; }

    /// <summary>
    /// Converts in the background: returns a job at once, whose child jobs are the guests. What -Confirm asks is asked before.
    /// </summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (StartConflict() is { } conflict)
        {
            ThrowTerminatingError(ErrorRecords.ParametersConflict(conflict, Profile));
        }
    }

    protected override void Process(SourceGuest guest)
    {
        if (Name is null)
        {
            Convert(guest);
        }
        else if (_named is null)
        {
            // One name is for one guest, and only the pipeline's end tells that there is no second.
            _named = guest;
        }
        else
        {
            ThrowTerminatingError(ErrorRecords.NameForSeveralGuests(Name));
        }
    }

    protected override void EndProcessing()
    {
        if (_named is not null)
        {
            Convert(_named);
        }

        base.EndProcessing();
        if (_jobTasks.Count > 0)
        {
            var job = new ConversionJob(MyInvocation.MyCommand.Name, _jobTasks, ThrottleLimit, HandOverLog());
            JobRepository.Add(job);
            job.Start();
            WriteObject(job);
        }
    }

    private protected override void Run(GuestTask task)
    {
        if (AsJob)
        {
            _jobTasks.Add(task);
        }
        else
        {
            base.Run(task);
        }
    }

    /// <summary>Asks whether to convert the guest, which stays in the order of the pipeline, and begins the conversion.</summary>
    private void Convert(SourceGuest guest)
    {
        if (_names.Contains(guest.Name))
        {
            Report(ErrorRecords.NameUsedTwice(guest));
            return;
        }

        var conversion = new GuestConversion(guest, Options());
        var action = $"Convert {guest.Name} ({guest.SourceKind} {guest.Path}) to {Settings.TargetDescription}";
        var agreed = ShouldProcess(action, action + "?", "Convert guest", out var reason);
        if (agreed)
        {
            _names.Add(guest.Name);
            Run(Task<ConversionResult>(guest, conversion.Convert, WriteResult));
        }
        else if (reason == ShouldProcessReason.WhatIf)
        {
            _names.Add(guest.Name);
            base.Run(Task<GuestAssessment>(guest, (target, progress, cancellation) => conversion.Assess(progress, target, cancellation), (_, assessment) => ShowPlan(guest, assessment)));
            // The plans of guests are not mixed.
            FinishRuns();
        }
    }

    private ConversionOptions Options() => Settings.ToOptions(Name, Force) with
    {
        Root = Root,
        AsIs = AsIs,
        VerifyDisks = Verify,
        IgnoreReadErrors = IgnoreReadErrors,
        Resume = Resume,
        IgnoredConcerns = IgnoreConcern,
        DefinesDomain = !PassThru,
        Start = Start,
        StartWithHost = AutoStart,
    };

    private string? StartConflict() => (Start ? "-Start" : AutoStart ? "-AutoStart" : null) switch
    {
        null => null,
        var wish when PassThru => $"{wish} starts the domain, which -PassThru leaves undefined.",
        var wish when Settings.OutputDirectory is { } folder => $"{wish} needs a host that runs the domain, and guests go to the folder {folder}.",
        _ => null,
    };

    private GuestTask Task<T>(SourceGuest guest, Func<ConversionTarget, IProgress<ConversionProgress>, CancellationToken, T> work, Action<GuestStreams, T> done)
        where T : notnull =>
        GuestTask.Create(guest.Name, $"Converting {guest.Name}", guest, (progress, cancellation) =>
        {
            using var target = OpenTarget();
            return work(target, progress, cancellation);
        }, done);

    private void WriteResult(GuestStreams streams, ConversionResult result)
    {
        streams.WriteWarnings(
            result.Name, result.Assessment.Concerns.Except(result.Assessment.Source.Concerns).Where(concern => concern.Id != ConversionResult.NotStarted));
        streams.WriteVerbose($"{result.Name}: {string.Join(", ", result.Phases)}");
        streams.WriteObject(result with { Settings = SettingOrigins });
        if (result.Assessment.Concerns.FirstOrDefault(concern => concern.Id == ConversionResult.NotStarted) is { } notStarted)
        {
            streams.WriteError(ErrorRecords.NotStarted(result.Name, notStarted));
        }
    }

    /// <summary>What -WhatIf shows: everything that the rehearsed conversion did, and what it would have gone on to do.</summary>
    private void ShowPlan(SourceGuest guest, GuestAssessment assessment)
    {
        void WhatIf(string what) => ShouldProcess(what, what, "Convert guest");

        Streams.WriteWarnings(guest.Name, assessment.Concerns.Except(guest.Concerns).Where(concern => concern.Severity == ConcernSeverity.Warning));
        if (!assessment.Convertible)
        {
            WriteError(ErrorRecords.Blocked(assessment));
            return;
        }

        foreach (var change in assessment.Changes)
        {
            WhatIf($"{change.Kind} in the guest: {change} ({change.Why})");
        }

        foreach (var disk in guest.Disks)
        {
            WhatIf($"Copy {disk.Path} ({Formatting.Size(disk.Capacity)}) as {Settings.Format ?? ImageFormat.Qcow2} to {Settings.TargetDescription}");
        }

        foreach (var network in assessment.Networks)
        {
            WhatIf($"Connect the adapter {network.MacAddress} to the {(network.IsBridge ? "bridge" : "network")} {network.Name}");
        }

        if (assessment.Hardware?.DirectBoot is { } boot)
        {
            WhatIf($"Copy {string.Join(" and ", new[] { boot.KernelPath, boot.InitramfsPath }.OfType<string>())} out of the guest, for its domain to start");
        }

        var domain = Name ?? guest.Name;
        WhatIf($"{(PassThru ? "Return the XML of" : "Define")} domain {domain} with {guest.CpuCount} CPU and {Formatting.Memory(guest.MemoryMiB)} of memory");
        if (AutoStart)
        {
            WhatIf($"Set domain {domain} to start with its host");
        }

        if (Start)
        {
            WhatIf($"Start domain {domain}");
        }

        WhatIf($"In all: {Formatting.Estimate(assessment)}");
    }
}
