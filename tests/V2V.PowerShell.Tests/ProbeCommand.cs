using System.Management.Automation;
using V2V.Engine;
using V2V.PowerShell.Commands;
using V2V.PowerShell.Fleet;

namespace V2V.PowerShell.Tests;

/// <summary>A command that does whatever a test tells it, to try what all commands inherit.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "Probe")]
public sealed class ProbeCommand : V2VCommand
{
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public Func<IProgress<ConversionProgress>, CancellationToken, object> Work { get; set; } = null!;

    [Parameter]
    public object? Target { get; set; }

    protected override void ProcessRecord() =>
        Run(GuestTask.Create("probe", "Probing", Target, Work, (streams, result) => streams.WriteObject(result)));
}
