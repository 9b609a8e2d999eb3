using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// Lets the guest install every staged driver, that of the system disk too: what the conversion wrote into the registry is only enough to start,
/// and Windows replaces it with a real installation.
/// </summary>
public sealed class InstallDriversAtFirstBoot : WindowsStep
{
    /// <summary>Windows NT 6.0, the first with a driver store and pnputil.</summary>
    private const int FirstMajorWithDriverStore = 6;

    public override string Name => "Arranging for the installation of drivers";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        if (context.Drivers.Selection is not { Packages.Count: > 0 } selection)
        {
            return;
        }

        if (context.Guest.OperatingSystem.MajorVersion < FirstMajorWithDriverStore)
        {
            if (selection.Find("netkvm") is { } network)
            {
                context.FirstBoot.Add(PlugAndPlayScript.Create(network.ServiceName));
            }

            return;
        }

        context.FirstBoot.Add(ServicingScript.Create());
        foreach (var package in context.StagedDrivers.OrderBy(p => p == selection.Storage ? 0 : 1))
        {
            context.FirstBoot.Add(DriverScript.Create(package, windows.BuildNumber));
        }
    }
}
