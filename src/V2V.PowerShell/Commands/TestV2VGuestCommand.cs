using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Sources;
using V2V.PowerShell.Fleet;

namespace V2V.PowerShell.Commands;

/// <summary>
/// Makes every check of a conversion and runs the conversion itself in a copy-on-write overlay that is thrown away: says whether the guest can be
/// converted, what stands against it, every change that would be made, and what that would cost. Nothing is written to the source or to a target.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "V2VGuest", DefaultParameterSetName = "Path")]
[OutputType(typeof(GuestAssessment), typeof(bool))]
public sealed class TestV2VGuestCommand : TargetCommand
{
    /// <summary>Returns only whether the guest can be converted, and writes no warnings.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <summary>Makes the checks, but does not run the conversion in the overlay: the changes, and what only the steps find out, stay unknown.</summary>
    [Parameter]
    public SwitchParameter CheckOnly { get; set; }

    private protected override bool TellsConcerns => !Quiet;

    protected override void BeginProcessing()
    {
        if (Quiet)
        {
            // An answer does not say which guest it is about, so that they have to come in the order of the guests.
            ThrottleLimit = 1;
        }

        base.BeginProcessing();
    }

    protected override void Process(SourceGuest guest)
    {
        var options = Settings.ToOptions() with { Root = Root, AsIs = AsIs, IgnoredConcerns = IgnoreConcern };
        Run(GuestTask.Create(
            guest.Name, $"Testing {guest.Name}", guest,
            (progress, cancellation) => Assess(new GuestConversion(guest, options) { CheckOnly = CheckOnly }, progress, cancellation),
            (streams, assessment) =>
            {
                if (!Quiet)
                {
                    streams.WriteWarnings(guest.Name, assessment.Concerns.Except(guest.Concerns));
                }

                streams.WriteObject(Quiet ? assessment.Convertible : assessment);
            }));
    }

    private GuestAssessment Assess(GuestConversion conversion, IProgress<ConversionProgress> progress, CancellationToken cancellation)
    {
        using var target = NamesTarget ? OpenTarget() : null;
        return conversion.Assess(progress, target, cancellation);
    }
}
