using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows;

/// <summary>Lets a crash stay on the screen. Whoever watches the first start has to be able to read it, and a machine that restarts for ever tells nothing.</summary>
public sealed class StayOnCrash : WindowsStep
{
    public override string Name => "Keeping crashes on the screen";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        foreach (var key in context.Registry.ControlSets.Select(set => $@"{set}\Control\CrashControl").Where(key => context.Registry.Find(key) is not null))
        {
            context.Registry.SetUInt32(key, "AutoReboot", 0, "A stop error at the first start stays on the screen instead of restarting the machine.");
        }
    }
}
