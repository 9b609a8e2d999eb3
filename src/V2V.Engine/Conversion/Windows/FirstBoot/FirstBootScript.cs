namespace V2V.Engine.Conversion.Windows.FirstBoot;

public enum FirstBootScriptKind
{
    /// <summary>Run by cmd.exe.</summary>
    Batch,

    /// <summary>Run by Windows PowerShell.</summary>
    PowerShell,
}

/// <summary>
/// Something that a Windows guest does itself when it starts on KVM for the first time. Its exit code says how it went: 0 done, 3010 done and
/// Windows has to restart, 249 not yet (restart, and run this again before what follows), everything else failed.
/// </summary>
/// <param name="Priority">Lower ones run first; among equals, the order in which they were added decides.</param>
/// <param name="Name">What it does, in a word or two that can be part of a file name: "install-drivers".</param>
/// <param name="Kind">What runs it.</param>
/// <param name="Content">Its text, of ASCII characters, since cmd.exe reads it in whatever code page the guest has.</param>
public sealed record FirstBootScript(int Priority, string Name, FirstBootScriptKind Kind, string Content)
{
    /// <summary>When it is ended if it has not by itself; null is the runner's own limit of 30 minutes.</summary>
    public TimeSpan? Limit { get; init; }
}
