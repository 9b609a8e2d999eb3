using V2V.Engine.Conversion;
using V2V.Engine.Conversion.AsIs;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine;

/// <summary>
/// The pipeline, from a source guest to a defined domain:
/// open, inspect, convert, verify, check, copy, compare if that is wanted, define.
/// <para>
/// The source is opened read-only and every edit goes to an overlay, so a conversion can be run to its end and thrown away: that is what
/// <see cref="Assess"/> does. <see cref="Convert"/> does the same and then copies the overlaid disks and defines the domain.
/// </para>
/// </summary>
public sealed partial class GuestConversion(SourceGuest source, ConversionOptions options)
{
    private readonly string _name = options.Name ?? source.Name;
    private readonly List<Concern> _concerns = [];
    private readonly DomainStart _start = new(options);
    private readonly IgnoredConcerns _ignored = new(options.IgnoredConcerns);
    private ImageFormat _format = options.Format;
    private IReadOnlyList<DomainNetwork> _networks = [];
    private Outcome? _outcome;

    /// <summary>A refusal whose reasons are in the report already.</summary>
    private ConversionException? _reported;

    /// <summary>Converts the guest onto <paramref name="target"/>. When it fails or is cancelled, the target is as it was before, but for a copy that can be resumed.</summary>
    /// <exception cref="V2VException">The guest cannot be converted, or the source or target failed.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public ConversionResult Convert(
        ConversionTarget target, IProgress<ConversionProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        var clock = new PhaseClock(progress);
        using var reads = RemoteReads.EndOn(cancellation);
        try
        {
            Demand([.. source.Concerns, .. _start.Check(target)]);
            ChooseFormat(target);
            CleanUp(target);
            // A name that is taken should not cost a minute of conversion first.
            var names = DiskRequests([.. source.Disks.Select(_ => 0L)]);
            Demand(
                target.Check(new TargetRequest(_name, names, options.Overwrite) { DefinesDomain = options.DefinesDomain, Resumed = _dead }), V2VError.TargetUnsupported);

            using var integrity = IntegrityCheck.Start(source, cancellation);
            using var opened = Open(clock, cancellation);
            CheckResumable(opened, names);
            var outcome = ConvertInOverlay(opened, clock, cancellation);

            clock.Enter("Check", "Checking the source's checksums and the target's space");
            WaitFor(integrity);
            var plans = PlanCopies(opened, cancellation);
            var (request, description) = CheckTarget(opened, outcome.Hardware, target, plans);

            var copy = CopyDisks(plans, request.Disks, target, clock, cancellation);
            clock.Enter("Define", "Defining the domain");
            var boot = BootFiles(opened, outcome.Hardware)?.Write(target, cancellation);
            cancellation.ThrowIfCancellationRequested();
            var domain = target.Define(description with { Disks = copy.Sources, DirectBoot = boot });
            _concerns.AddRange(domain.Concerns);
            var isStarted = _start.Run(domain.Name, target, clock, _concerns);
            return Result(domain, copy, Assessment(opened, clock, target, plans), target, clock) with { IsStarted = isStarted };
        }
        catch (Exception e)
        {
            var left = target.RollBack();
            if (e is V2VException known)
            {
                known.LeftBehind = [.. left, .. _kept is null ? Array.Empty<Concern>() : [_kept]];
                OfferAsIs(known);
                if (e != _reported && _ignored.Names(known.Error.ToString()))
                {
                    known.AddAdvice($"{known.Error} cannot be ignored.");
                }
            }

            // What a source says that was closed while it was read is nobody's error.
            cancellation.ThrowIfCancellationRequested();
            throw;
        }
        finally
        {
            // What was not taken over is left as it is.
            _dead?.Dispose();
        }
    }

    /// <summary>What cannot be read of a disk cannot be part of its checksum either.</summary>
    private void WaitFor(IntegrityCheck integrity)
    {
        try
        {
            integrity.Wait();
        }
        catch (DiskImageException e) when (options.IgnoreReadErrors && CopySource.IsReadError(e))
        {
            _concerns.Add(new Concern(
                ConcernSeverity.Warning, "ChecksumNotChecked", $"The source's checksums could not be compared: {e.Message}", "Look at what -IgnoreReadErrors left out."));
        }
    }

    private OpenedGuest Open(PhaseClock clock, CancellationToken cancellation)
    {
        clock.Enter("Open", $"Opening {source.Path}");
        var opened = OpenedGuest.Open(source, options, cancellation);
        try
        {
            clock.Enter("Inspect", "Finding the operating system");
            if (options.AsIs)
            {
                opened.Survey(options.Root, cancellation);
            }
            else
            {
                opened.Inspect(options.Root, cancellation);
            }

            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    private Outcome ConvertInOverlay(OpenedGuest opened, PhaseClock clock, CancellationToken cancellation)
    {
        var hardware = StartingHardware(opened.Layout.Firmware);
        if (options.AsIs)
        {
            _outcome = new Outcome(hardware, [], []);
            Demand([.. DiskSectors.Check(opened.Disks), .. AsIsConversion.Run(opened.Source, opened.Layout, hardware)]);
        }
        else
        {
            Edit(opened, hardware, clock, cancellation);
        }

        return _outcome!;
    }

    /// <summary>The best that there is; the steps lower it to what the guest can drive.</summary>
    private TargetHardware StartingHardware(Firmware firmware)
    {
        var hardware = new TargetHardware { Firmware = firmware, ClockIsLocalTime = source.ClockIsLocalTime };
        foreach (var adapter in source.NetworkAdapters)
        {
            hardware.MacAddresses.Add(adapter.MacAddress ?? MacAddress.Random());
        }

        return hardware;
    }

    private void Edit(OpenedGuest opened, TargetHardware hardware, PhaseClock clock, CancellationToken cancellation)
    {
        Demand([.. DiskSectors.Check(opened.Disks), .. GuestChecks.Run(opened.Guest, source)]);
        using var context = new ConversionContext(opened.Guest, source, hardware, cancellation) { Options = options };
        _outcome = new Outcome(hardware, context.Changes, context.Concerns);

        clock.Enter("Convert", "Converting");
        foreach (var step in ConversionSteps.All.Where(s => s.AppliesTo(opened.Guest)))
        {
            cancellation.ThrowIfCancellationRequested();
            clock.Report(step.Name);
            step.Apply(context);
            clock.ReportChanges(context.Changes);
        }

        context.Save();
        opened.Flush();
        clock.Enter("Verify", "Reading the converted guest back");
        ConversionVerifier.Verify(opened.Source, opened.Disks, options.Root, context);
    }

    private DiskCopies CopyDisks(
        IReadOnlyList<CopyPlan> plans, IReadOnlyList<TargetDiskRequest> requests, ConversionTarget target, PhaseClock clock, CancellationToken cancellation)
    {
        clock.Enter("Copy", "Copying the disks");
        using var checkpoints = new CopyCheckpoints(_name, target.Description, options.CheckpointInterval);
        try
        {
            if (_dead is not null)
            {
                target.Resume(_dead);
            }

            var copy = DiskCopies.Run(plans, requests, target, new CopyOptions(options.CopyThreads), clock, cancellation, options.VerifyDisks, checkpoints, _dead);
            _concerns.AddRange([.. copy.Concerns, .. checkpoints.Concern is { } lost ? [lost] : Array.Empty<Concern>()]);
            if (options.VerifyDisks)
            {
                clock.Enter("Compare", "Comparing the written disks");
                copy.Compare(cancellation);
            }

            return copy;
        }
        catch (Exception e)
        {
            KeepCopy(target, checkpoints, e);
            throw;
        }
    }

    private ImageCompression Compression => _format == options.Format ? options.Compression : ImageCompression.None;

    private ImageAllocation Allocation => _format != options.Format && options.Allocation == ImageAllocation.Metadata ? ImageAllocation.Sparse : options.Allocation;

    private void ChooseFormat(ConversionTarget target)
    {
        _format = target.FormatFor(options.Format);
        if (_format != options.Format)
        {
            _concerns.Add(new Concern(
                ConcernSeverity.Warning, "FormatReplaced", $"{target.Description} holds raw disks only: they are written raw, not as {options.Format}."));
        }
    }

    private IReadOnlyList<CopyPlan> PlanCopies(OpenedGuest opened, CancellationToken cancellation) =>
        opened.PlanCopies(ImageWriters.Granularity(_format), options.IgnoreReadErrors, cancellation);

    /// <summary>
    /// Asks the target, now that hardware, networks and sizes are known, and returns what it was asked, and the domain as its host can run it, but
    /// for the disks.
    /// </summary>
    private (TargetRequest Request, DomainDescription Domain) CheckTarget(
        OpenedGuest? opened, TargetHardware hardware, ConversionTarget target, IReadOnlyList<CopyPlan>? plans)
    {
        var disks = DiskRequests([.. plans is null ? source.Disks.Select(_ => 0L) : TargetSizes(plans)]);
        var files = opened is null ? [] : BootFiles(opened, hardware)?.Requests ?? [];
        var networks = PlanNetworks(hardware);
        List<Concern> found = [];
        var domain = Domain(opened, hardware, networks);
        domain = TargetHost.Fit(domain, target.CapabilitiesFor(DomainXml.Architecture(domain), hardware.Machine), found);
        var request = new TargetRequest(_name, [.. disks, .. files], options.Overwrite)
        {
            Networks = networks,
            DefinesDomain = options.DefinesDomain,
            Resumed = _dead,
            Domain = domain with { Disks = [.. disks.Select(d => new DomainDiskSource(d.Format, d.FileName))] },
        };
        Demand([.. found, .. target.Check(request)], V2VError.TargetUnsupported);
        return (request, domain);
    }

    private IReadOnlyList<DomainNetwork> PlanNetworks(TargetHardware hardware)
    {
        List<Concern> concerns = [];
        _networks = NetworkMapping.Apply(source, hardware, options.NetworkRules, concerns);
        _concerns.AddRange(concerns.Except(_concerns));
        return _networks;
    }

    /// <summary>The most that each disk's file can take at the target, in bytes.</summary>
    private IEnumerable<long> TargetSizes(IReadOnlyList<CopyPlan> plans) =>
        plans.Select(plan => ImageWriters.MaximumFileSize(_format, plan.Source.Length, plan, Allocation));

    /// <summary>What a guest without a boot loader is started from; null for guests that start by themselves.</summary>
    private DirectBootFiles? BootFiles(OpenedGuest opened, TargetHardware hardware) =>
        hardware.DirectBoot is { } boot ? new DirectBootFiles(_name, opened.Guest.Root, boot) : null;

    /// <summary>Keeps the concerns for the report, and stops at critical ones that are not to be ignored: all of them in one message.</summary>
    private void Demand(IReadOnlyList<Concern> found, V2VError error = V2VError.GuestUnsupported)
    {
        found = _ignored.Apply(found);
        _concerns.AddRange(found.Except(_concerns));
        if (ConversionException.FromCritical(found, source.Path, error) is { } refusal)
        {
            _reported = refusal;
            throw refusal;
        }
    }

    private List<TargetDiskRequest> DiskRequests(IReadOnlyList<long> bytes) =>
        [.. source.Disks.Select((disk, i) =>
            new TargetDiskRequest(
                TargetNames.Disk(_name, i, _format), _format, disk.Capacity, bytes[i], Compression, Allocation))];

    private DomainDescription Domain(OpenedGuest? opened, TargetHardware hardware, IReadOnlyList<DomainNetwork> networks) => new()
    {
        Name = _name,
        Source = hardware.WantsTpm ? source with { HasTpm = true } : source,
        Hardware = hardware,
        OperatingSystem = opened?.OperatingSystem,
        Disks = [],
        BootDiskIndex = opened?.Layout.BootDiskIndex ?? 0,
        Networks = networks,
        ReturnsSpace = Allocation != ImageAllocation.Preallocated,
    };

    private static ConversionResult Result(
        DefinedDomain domain, DiskCopies copy, GuestAssessment assessment, ConversionTarget target, PhaseClock clock) => new()
        {
            Name = domain.Name,
            Assessment = assessment,
            Disks = [.. copy.Sources.Select(s => s.Path ?? $"{s.Pool}/{s.Volume}")],
            DomainXmlPath = domain.XmlPath,
            Descriptions = domain.Descriptions,
            DomainXml = domain.Xml,
            DomainUuid = domain.Uuid,
            Target = target.Description,
            BytesRead = copy.BytesRead,
            BytesWritten = copy.BytesWritten,
            BytesResumed = copy.BytesResumed,
            BytesShared = copy.BytesShared,
            Phases = clock.Phases,
            Elapsed = clock.Elapsed,
        };

    /// <summary>What came of the conversion in the overlay, also when it stopped half-way.</summary>
    private sealed record Outcome(TargetHardware Hardware, IReadOnlyList<ConversionChange> Changes, IReadOnlyList<Concern> Concerns);
}
