using V2V.Engine.Conversion.AsIs;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;

namespace V2V.Engine;

/// <content>The rehearsal: everything but copying and defining, with all that was found in one report.</content>
public sealed partial class GuestConversion
{
    /// <summary>
    /// <see cref="Assess"/> makes the checks alone: the guest is opened and looked at, but the steps are not run in the overlay. Then nothing
    /// is known of the changes, nor of what only the steps find out, such as a missing driver.
    /// </summary>
    public bool CheckOnly { get; init; }

    /// <summary>
    /// Converts the guest in the overlay, reports what was found and changed, and throws the overlay away. A <paramref name="target"/> is asked
    /// whether it could take the guest. What stands against the guest at one point does not keep the others from being looked at.
    /// </summary>
    public GuestAssessment Assess(
        IProgress<ConversionProgress>? progress = null, ConversionTarget? target = null, CancellationToken cancellation = default)
    {
        var clock = new PhaseClock(progress);
        using var reads = RemoteReads.EndOn(cancellation);
        OpenedGuest? opened = null;
        IReadOnlyList<CopyPlan>? plans = null;
        try
        {
            Attempt(() => Demand(source.Concerns), cancellation);
            Attempt(() => opened = Open(clock, cancellation), cancellation);
            if (opened is not null)
            {
                Attempt(() => Rehearse(opened, clock, cancellation), cancellation);
            }

            Attempt(() => plans = Ask(opened, target, clock, cancellation), cancellation);
            var rate = plans is null ? 0 : CheckOnly ? CopyRate.Assumed : CopyRate.Measure(plans, cancellation);
            return Assessment(opened, clock, target, plans) with
            {
                EstimatedTime = plans is null ? null : clock.Elapsed + TimeSpan.FromSeconds(plans.Sum(p => p.TotalBytes) / rate),
            };
        }
        finally
        {
            opened?.Dispose();
        }
    }

    private void Rehearse(OpenedGuest opened, PhaseClock clock, CancellationToken cancellation)
    {
        if (!CheckOnly || options.AsIs)
        {
            ConvertInOverlay(opened, clock, cancellation);
        }
        else
        {
            Demand([.. DiskSectors.Check(opened.Disks), .. GuestChecks.Run(opened.Guest, source)]);
        }
    }

    /// <summary>Asks the target what it would be asked before the copy, and plans that; null when the guest's disks could not be looked at.</summary>
    private IReadOnlyList<CopyPlan>? Ask(OpenedGuest? opened, ConversionTarget? target, PhaseClock clock, CancellationToken cancellation)
    {
        clock.Enter("Check", "Asking the target");
        if (target is not null)
        {
            Attempt(() => Demand(_start.Check(target)), cancellation);
            ChooseFormat(target);
        }

        var plans = opened is null ? null : PlanCopies(opened, cancellation);
        var hardware = _outcome?.Hardware ?? StartingHardware(opened?.Layout.Firmware ?? source.Firmware ?? Firmware.Bios);
        if (target is not null)
        {
            Attempt(() => CheckTarget(opened, hardware, target, plans), cancellation);
        }
        else
        {
            PlanNetworks(hardware);
            _concerns.Add(new Concern(
                ConcernSeverity.Information, "TargetNotAsked",
                "No target was named, so it was not asked for space, for names that are taken, for its networks and for what its host can run.",
                "Name it as for the conversion: -Connection and -StoragePool, -OutputDirectory, or -Profile."));
        }

        return plans;
    }

    /// <summary>Does a part of the assessment. What stands against the guest there goes into the report, and the next part has its turn.</summary>
    private void Attempt(Action part, CancellationToken cancellation)
    {
        try
        {
            part();
        }
        catch (V2VException e)
        {
            // What a source says that was closed while it was read is nobody's error.
            cancellation.ThrowIfCancellationRequested();
            // What checks found is there already, each for itself; and after a refusal an error may be no more than its consequence.
            if (e != _reported && !_concerns.Any(c => c.Severity == ConcernSeverity.Critical))
            {
                _concerns.Add(_ignored.Explain(new Concern(ConcernSeverity.Critical, e.Error.ToString(), e.Message, e.Advice)));
            }

            OfferAsIs(e);
        }
    }

    private GuestAssessment Assessment(OpenedGuest? opened, PhaseClock clock, ConversionTarget? target, IReadOnlyList<CopyPlan>? plans)
    {
        clock.Stop();
        return new GuestAssessment
        {
            Name = _name,
            Source = source,
            OperatingSystem = opened?.OperatingSystem,
            Hardware = _outcome?.Hardware,
            Networks = _networks,
            Target = target?.Description,
            Changes = _outcome?.Changes ?? [],
            Concerns = [.. _concerns, .. _outcome?.Concerns ?? []],
            EstimatedBytes = plans?.Sum(p => p.TotalBytes),
            EstimatedTargetBytes = plans is null ? null : TargetSizes(plans).Sum(),
            Phases = clock.Phases,
        };
    }

    /// <summary>Tells of the way out that does not need what stood in the way.</summary>
    private void OfferAsIs(V2VException refusal)
    {
        if (options.AsIs || AsIsConversion.Offer(source, refusal) is not { } offer || _concerns.Contains(offer))
        {
            return;
        }

        _concerns.Add(offer);
        refusal.AddAdvice(offer.Message);
    }
}
