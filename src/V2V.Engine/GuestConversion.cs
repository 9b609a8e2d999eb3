using V2V.Engine.Conversion;
using V2V.Engine.Conversion.AsIs;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;
using V2V.Engine.Targets.Journal;

namespace V2V.Engine;

/// <summary>
/// The pipeline, from a source guest to a defined domain:
/// open, inspect, convert, verify, check, copy, compare if that is wanted, define.
/// <para>
/// The source is opened read-only and every edit goes to an overlay, so a conversion can be run to its end and thrown away: that is what
/// <see cref="Assess"/> does. <see cref="Convert"/> does the same and then copies the overlaid disks and defines the domain.
/// </para>
/// </summary>
public sealed class GuestConversion(SourceGuest source, ConversionOptions options)
{
    private readonly string _name = options.Name ?? source.Name;
    private readonly List<Concern> _concerns = [.. source.Concerns];
    private ImageFormat _format = options.Format;
    private Outcome? _outcome;

    /// <summary>
    /// Converts the guest in the overlay, reports what was found and changed, and throws the overlay away. A <paramref name="target"/> is asked
    /// whether it could take the guest.
    /// </summary>
    public GuestAssessment Assess(
        IProgress<ConversionProgress>? progress = null, ConversionTarget? target = null, CancellationToken cancellation = default)
    {
        var clock = new PhaseClock(progress);
        var opened = default(OpenedGuest);
        try
        {
            Demand(source.Concerns);
            opened = Open(clock, cancellation);
            var outcome = ConvertInOverlay(opened, clock, cancellation);
            if (target is not null)
            {
                clock.Enter("Check", "Asking the target");
                ChooseFormat(target);
                CheckTarget(opened, outcome.Hardware, target, PlanCopies(opened, cancellation));
            }

            return Assessment(opened, clock);
        }
        catch (V2VException e)
        {
            // Critical concerns that were found by a check are there already, each for itself.
            if (!_concerns.Any(c => c.Severity == ConcernSeverity.Critical))
            {
                _concerns.Add(new Concern(ConcernSeverity.Critical, e.Error.ToString(), e.Message, e.Advice));
            }

            OfferAsIs(e);
            return Assessment(opened, clock);
        }
        finally
        {
            opened?.Dispose();
        }
    }

    /// <summary>Converts the guest onto <paramref name="target"/>. When it fails or is cancelled, the target is as it was before.</summary>
    /// <exception cref="V2VException">The guest cannot be converted, or the source or target failed.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public ConversionResult Convert(
        ConversionTarget target, IProgress<ConversionProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        var clock = new PhaseClock(progress);
        try
        {
            Demand(source.Concerns);
            _concerns.AddRange(DeadRuns.CleanUp());
            ChooseFormat(target);
            // A name that is taken should not cost a minute of conversion first.
            Demand(target.Check(new TargetRequest(_name, DiskRequests([.. source.Disks.Select(_ => 0L)]), options.Overwrite)));

            using var integrity = IntegrityCheck.Start(source, cancellation);
            using var opened = Open(clock, cancellation);
            var outcome = ConvertInOverlay(opened, clock, cancellation);

            clock.Enter("Check", "Checking the source's checksums and the target's space");
            WaitFor(integrity);
            var plans = PlanCopies(opened, cancellation);
            var request = CheckTarget(opened, outcome.Hardware, target, plans);

            clock.Enter("Copy", "Copying the disks");
            var copy = DiskCopies.Run(plans, request.Disks, target, new CopyOptions(options.CopyThreads), clock, cancellation, options.VerifyDisks);
            var boot = BootFiles(opened, outcome.Hardware)?.Write(target, cancellation);
            _concerns.AddRange(copy.Concerns);
            if (options.VerifyDisks)
            {
                clock.Enter("Compare", "Comparing the written disks");
                copy.Compare(cancellation);
            }

            clock.Enter("Define", "Defining the domain");
            cancellation.ThrowIfCancellationRequested();
            var domain = target.Define(
                Domain(opened, outcome.Hardware, copy.Sources, request.Networks, target.Capabilities) with { DirectBoot = boot });
            _concerns.AddRange(domain.Concerns);
            return Result(domain, copy, Assessment(opened, clock), target, clock);
        }
        catch (Exception e)
        {
            var left = target.RollBack();
            if (e is V2VException known)
            {
                known.LeftBehind = left;
                OfferAsIs(known);
            }

            throw;
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
        var opened = OpenedGuest.Open(source, options);
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
        var hardware = new TargetHardware { Firmware = opened.Layout.Firmware, ClockIsLocalTime = source.ClockIsLocalTime };
        foreach (var adapter in source.NetworkAdapters)
        {
            hardware.MacAddresses.Add(adapter.MacAddress ?? MacAddress.Random());
        }

        if (options.AsIs)
        {
            _outcome = new Outcome(hardware, [], []);
            Demand(AsIsConversion.Run(opened.Source, opened.Layout, hardware));
        }
        else
        {
            Edit(opened, hardware, clock, cancellation);
        }

        return _outcome!;
    }

    private void Edit(OpenedGuest opened, TargetHardware hardware, PhaseClock clock, CancellationToken cancellation)
    {
        Demand(GuestChecks.Run(opened.Guest, source));
        using var context = new ConversionContext(opened.Guest, source, hardware, cancellation) { Options = options };
        _outcome = new Outcome(hardware, context.Changes, context.Concerns);

        clock.Enter("Convert", "Converting");
        foreach (var step in ConversionSteps.All.Where(s => s.AppliesTo(opened.Guest)))
        {
            cancellation.ThrowIfCancellationRequested();
            clock.Report(step.Name);
            step.Apply(context);
        }

        context.Save();
        opened.Flush();
        clock.Enter("Verify", "Reading the converted guest back");
        ConversionVerifier.Verify(opened.Source, opened.Disks, options.Root, context);
    }

    /// <summary>Tells of the way out that does not need what stood in the way.</summary>
    private void OfferAsIs(V2VException refusal)
    {
        if (!options.AsIs && AsIsConversion.Offer(source, refusal) is { } offer)
        {
            _concerns.Add(offer);
            refusal.AddAdvice(offer.Message);
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

    /// <summary>Asks the target, now that hardware, networks and sizes are known, and returns what it was asked.</summary>
    private TargetRequest CheckTarget(
        OpenedGuest opened, TargetHardware hardware, ConversionTarget target, IReadOnlyList<CopyPlan> plans)
    {
        Demand(TargetHost.Concerns(hardware, target.Capabilities));
        var sizes = plans.Select((plan, i) => ImageWriters.MaximumFileSize(_format, opened.Disks[i].Length, plan, Allocation));
        var files = BootFiles(opened, hardware)?.Requests ?? [];
        var request = new TargetRequest(_name, [.. DiskRequests([.. sizes]), .. files], options.Overwrite)
        {
            Networks = NetworkMapping.Apply(source, hardware, options.NetworkRules, _concerns),
        };
        Demand(target.Check(request));
        return request;
    }

    /// <summary>What a guest without a boot loader is started from; null for guests that start by themselves.</summary>
    private DirectBootFiles? BootFiles(OpenedGuest opened, TargetHardware hardware) =>
        hardware.DirectBoot is { } boot ? new DirectBootFiles(_name, opened.Guest.Root, boot) : null;

    /// <summary>Keeps the concerns for the report, and stops at critical ones: all of them in one message.</summary>
    private void Demand(IReadOnlyList<Concern> found)
    {
        _concerns.AddRange(found.Except(_concerns));
        if (ConversionException.FromCritical(found, source.Path) is { } refusal)
        {
            throw refusal;
        }
    }

    private List<TargetDiskRequest> DiskRequests(IReadOnlyList<long> bytes) =>
        [.. source.Disks.Select((disk, i) =>
            new TargetDiskRequest(
                TargetNames.Disk(_name, i, _format), _format, disk.Capacity, bytes[i], Compression, Allocation))];

    private DomainDescription Domain(
        OpenedGuest opened,
        TargetHardware hardware,
        IReadOnlyList<DomainDiskSource> disks,
        IReadOnlyList<DomainNetwork> networks,
        HostCapabilities host) => new()
        {
            Name = _name,
            Source = hardware.WantsTpm ? source with { HasTpm = true } : source,
            Hardware = hardware,
            OperatingSystem = opened.OperatingSystem,
            Disks = disks,
            BootDiskIndex = opened.Layout.BootDiskIndex,
            Networks = networks,
            DomainType = host.HasKvm == false ? "qemu" : "kvm",
        };

    private GuestAssessment Assessment(OpenedGuest? opened, PhaseClock clock)
    {
        clock.Stop();
        return new GuestAssessment
        {
            Source = source,
            OperatingSystem = opened?.OperatingSystem,
            Hardware = _outcome?.Hardware,
            Changes = _outcome?.Changes ?? [],
            Concerns = [.. _concerns, .. _outcome?.Concerns ?? []],
            Phases = clock.Phases,
        };
    }

    private static ConversionResult Result(
        DefinedDomain domain, DiskCopies copy, GuestAssessment assessment, ConversionTarget target, PhaseClock clock) => new()
        {
            Name = domain.Name,
            Assessment = assessment,
            Disks = [.. copy.Sources.Select(s => s.Path ?? $"{s.Pool}/{s.Volume}")],
            DomainXmlPath = domain.XmlPath,
            DomainXml = domain.Xml,
            DomainUuid = domain.Uuid,
            Target = target.Description,
            BytesRead = copy.BytesRead,
            BytesWritten = copy.BytesWritten,
            Phases = clock.Phases,
            Elapsed = clock.Elapsed,
        };

    /// <summary>What came of the conversion in the overlay, also when it stopped half-way.</summary>
    private sealed record Outcome(TargetHardware Hardware, IReadOnlyList<ConversionChange> Changes, IReadOnlyList<Concern> Concerns);
}
