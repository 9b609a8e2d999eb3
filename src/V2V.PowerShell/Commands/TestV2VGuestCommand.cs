using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Sources;
using V2V.PowerShell.Fleet;

namespace V2V.PowerShell.Commands;

/// <summary>
/// Runs the whole conversion of a guest in a copy-on-write overlay and throws the overlay away: says whether the guest can be converted, what
/// stands against it, and every change that the conversion would make. Nothing is written to the source or to a target.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "V2VGuest", DefaultParameterSetName = "Path")]
[OutputType(typeof(GuestAssessment))]
public sealed class TestV2VGuestCommand : TargetCommand
{
    protected override void Process(SourceGuest guest)
    {
        var options = Settings.ToOptions() with { Root = Root, AsIs = AsIs };
        Run(GuestTask.Create(
            guest.Name, $"Testing {guest.Name}", guest,
            (progress, cancellation) => new GuestConversion(guest, options).Assess(progress, cancellation: cancellation),
            (streams, assessment) =>
            {
                streams.WriteWarnings(guest.Name, assessment.Concerns.Except(guest.Concerns));
                streams.WriteObject(assessment);
            }));
    }
}
