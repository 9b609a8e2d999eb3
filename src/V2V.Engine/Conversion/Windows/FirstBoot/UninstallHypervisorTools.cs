using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>Lets the guest take the tools of its former hypervisor away.</summary>
public sealed class UninstallHypervisorTools : WindowsStep
{
    public override string Name => "Arranging for the removal of the source's tools";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        // The same program may be in both views of the list.
        var scripts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var application in windows.Applications)
        {
            if (!UninstallScript.IsForeign(application, out var script))
            {
                continue;
            }

            if (script is null)
            {
                context.Add(new Concern(
                    ConcernSeverity.Information, "ToolsNotUninstalled",
                    $"{application} has no uninstaller that runs by itself, and stays in the guest. Its drivers and services are disabled.",
                    "Remove it in the guest, in the list of installed programs."));
            }
            else if (scripts.Add(script.Content))
            {
                context.FirstBoot.Add(script);
            }
        }
    }
}
