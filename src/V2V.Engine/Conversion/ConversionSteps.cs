using V2V.Engine.Conversion.Linux;

namespace V2V.Engine.Conversion;

/// <summary>The steps in the order in which they run.</summary>
public static class ConversionSteps
{
    public static IReadOnlyList<ConversionStep> All { get; } =
    [
        // First, because the others name the drivers and disks of the hardware that was chosen, and that is chosen for a kernel.
        new ChooseKernel(),
        new ChooseVirtualHardware(),

        new StableDeviceNames(),
        new LvmDevices(),
        new MdadmDevices(),
        new UdevDiskRules(),
        new KernelCommandLines(),
        new GrubInstallDevices(),
        new StableNetworkNames(),
        new Consoles(),
        new DisableHypervisorTools(),
        new DropForeignModules(),
        new ModprobeAliases(),
        new XorgDrivers(),

        new AddVirtioToInitramfs(),
        new KeepVirtioInInitramfs(),

        new FirstBootAgent(),
        new CleanCaches(),

        // Last, because it looks at the labels of what the others created.
        new RequestSELinuxRelabel(),
    ];
}
