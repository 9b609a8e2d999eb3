namespace V2V.Engine.Conversion.Windows.FirstBoot;

public enum FirstBootScriptKind
{
    /// <summary>Run by cmd.exe.</summary>
    Batch,

    /// <summary>Run by Windows PowerShell.</summary>
    PowerShell,
}

/// <summary>Something that a Windows guest does itself when it starts on KVM for the first time.</summary>
/// <param name="Priority">Lower ones run first; among equals, the order in which they were added decides.</param>
/// <param name="Name">What it does, in a word or two that can be part of a file name: "install-drivers".</param>
/// <param name="Kind">What runs it.</param>
/// <param name="Content">Its text.</param>
public sealed record FirstBootScript(int Priority, string Name, FirstBootScriptKind Kind, string Content);
