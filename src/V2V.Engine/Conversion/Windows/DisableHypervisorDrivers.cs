using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// Keeps the drivers and services of the source's hypervisor from being started: on KVM they find nothing, and some stop the machine then or
/// restart it. They stay installed, as their uninstallers want to find them.
/// </summary>
public sealed class DisableHypervisorDrivers : WindowsStep
{
    private const uint Disabled = 4;

    public override string Name => "Disabling drivers of the source's hypervisor";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        foreach (var (hypervisor, services) in HypervisorDrivers.All)
        {
            var present = context.Registry.ControlSets.SelectMany(set => services.Select(s => $@"{set}\Services\{s}"))
                .Where(key => context.Registry.Find(key)?.GetUInt32("Start") is { } start && start != Disabled).ToArray();
            if (present.Length == 0)
            {
                continue;
            }

            FilterLists.Remove(context, services, $"{hypervisor}'s driver does not run on KVM, and devices do not start without the drivers in their lists.");
            foreach (var key in present)
            {
                context.Registry.SetUInt32(key, "Start", Disabled, $"{hypervisor}'s drivers and services have nothing to do on KVM.");
            }
        }
    }
}
