using V2V.Engine.Conversion.Windows.FirstBoot;
using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// Lets a crash stay on the screen at the first start. Whoever watches has to be able to read it, and a machine that restarts for ever tells nothing.
/// Once the guest has started, a script puts the setting back: a server is meant to come up again by itself.
/// </summary>
public sealed class StayOnCrash : WindowsStep
{
    /// <summary>After all other scripts.</summary>
    private const int Priority = 9900;

    private const string Value = "AutoReboot";

    public override string Name => "Keeping crashes on the screen";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        uint? before = null;
        foreach (var key in context.Registry.ControlSets.Select(set => $@"{set}\Control\CrashControl").Where(key => context.Registry.Find(key) is not null))
        {
            before ??= context.Registry.Find(key)!.GetUInt32(Value);
            context.Registry.SetUInt32(key, Value, 0, "A stop error at the first start stays on the screen instead of restarting the machine.");
        }

        if (before is { } value and not 0)
        {
            context.FirstBoot.Add(new FirstBootScript(
                Priority, "restore-automatic-restart", FirstBootScriptKind.Batch,
                Batch.File($"reg add \"HKLM\\SYSTEM\\CurrentControlSet\\Control\\CrashControl\" /v {Value} /t REG_DWORD /d {value} /f", "exit /b %errorlevel%")));
        }
    }
}
