using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Sources;

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
        var conversion = new GuestConversion(guest, options);
        if (TryWithProgress($"Testing {guest.Name}", guest, (progress, cancellation) => conversion.Assess(progress, cancellation: cancellation), out var assessment))
        {
            WriteWarnings(guest.Name, assessment.Concerns.Except(guest.Concerns));
            WriteObject(assessment);
        }
    }
}
