using System.Management.Automation;

namespace V2V.PowerShell.Fleet;

/// <summary>The streams of a cmdlet. Only the pipeline's thread may use them.</summary>
internal sealed class CommandStreams(Cmdlet cmdlet) : GuestStreams
{
    public override void WriteObject(object value) => cmdlet.WriteObject(value);

    public override void WriteError(ErrorRecord error) => cmdlet.WriteError(error);

    public override void WriteWarning(string text) => cmdlet.WriteWarning(text);

    public override void WriteVerbose(string text) => cmdlet.WriteVerbose(text);

    public override void WriteProgress(ProgressRecord record) => cmdlet.WriteProgress(record);
}
