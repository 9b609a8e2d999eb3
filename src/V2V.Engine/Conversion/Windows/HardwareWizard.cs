using V2V.Engine.Conversion.Windows.FirstBoot;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Windows;
using V2V.Engine.Registry;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// Windows XP and 2003 ask about every new device, and wait with installing its driver until somebody answers. For the first start they are told
/// not to ask; a script puts the setting back.
/// </summary>
public sealed class HardwareWizard : WindowsStep
{
    /// <summary>After the drivers, before everything else.</summary>
    private const int Priority = 3000;

    private const string Settings = @"\Policies\Microsoft\Windows\DeviceInstall\Settings";

    private const string Why = "Windows installs the drivers of its new devices without asking; a script takes this back after the first start.";

    public override string Name => "Silencing the hardware wizard";

    public override bool AppliesTo(InspectedGuest guest) => base.AppliesTo(guest) && guest.OperatingSystem.MajorVersion == 5;

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        // XP x64 is a 2003 in this as in all.
        var (key, name, shown) = context.Guest.OperatingSystem.MinorVersion == 2
            ? ($@"{context.Registry.ControlSets[0]}\Services\PlugPlay\Parameters", "SuppressUI", @"HKLM\SYSTEM\CurrentControlSet\Services\PlugPlay\Parameters")
            : (RegistryPaths.Software + Settings, "SuppressNewHWUI", RegistryPaths.Software + Settings);
        var before = context.Registry.FindValue(key, name) is { Kind: RegistryValueKind.UInt32 } ? context.Registry.Find(key)!.GetUInt32(name) : null;
        if (before == 1)
        {
            return;
        }

        foreach (var set in context.Registry.ControlSets)
        {
            context.Registry.SetUInt32(key.Replace(context.Registry.ControlSets[0], set, StringComparison.Ordinal), name, 1, Why);
        }

        context.FirstBoot.Add(new FirstBootScript(
            Priority, "restore-hardware-wizard", FirstBootScriptKind.Batch,
            Batch.File(before is { } value ? $"reg add \"{shown}\" /v {name} /t REG_DWORD /d {value} /f" : $"reg delete \"{shown}\" /v {name} /f", "exit /b %errorlevel%")));
    }
}
