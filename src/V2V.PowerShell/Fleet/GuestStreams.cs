using System.Management.Automation;
using V2V.Engine;

namespace V2V.PowerShell.Fleet;

/// <summary>Where what is told of a guest goes: the streams of a cmdlet, or of a job.</summary>
internal abstract class GuestStreams
{
    private readonly HashSet<string> _advised = new(StringComparer.Ordinal);

    public abstract void WriteObject(object value);

    public abstract void WriteError(ErrorRecord error);

    public abstract void WriteWarning(string text);

    public abstract void WriteVerbose(string text);

    public abstract void WriteProgress(ProgressRecord record);

    /// <summary>The work on the guest begins. A cmdlet has nothing to tell then.</summary>
    public virtual void Started()
    {
    }

    /// <summary>The work on the guest has ended, and nothing more will be written of it.</summary>
    public virtual void Ended(GuestOutcome outcome)
    {
    }

    /// <summary>
    /// Writes what is worth a warning to the warning stream. What to do is told once: two hundred guests with the same trouble need no more.
    /// The objects keep all of it.
    /// </summary>
    public void WriteWarnings(string guest, IEnumerable<Concern> concerns)
    {
        foreach (var concern in concerns)
        {
            if (concern.Severity != ConcernSeverity.Information)
            {
                WriteWarning($"{guest}: {(concern.Advice is { } advice && !_advised.Add(advice) ? concern.Message : concern.ToString())}");
            }
        }
    }
}
