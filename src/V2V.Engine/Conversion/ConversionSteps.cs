using V2V.Engine.Conversion.Linux;
using V2V.Engine.Conversion.Linux.Software;
using V2V.Engine.Conversion.Windows;
using V2V.Engine.Conversion.Windows.FirstBoot;

namespace V2V.Engine.Conversion;

/// <summary>The steps in the order in which they run.</summary>
public static class ConversionSteps
{
    public static IReadOnlyList<ConversionStep> All { get; } =
    [
        // First, because the others name the drivers and disks of the hardware that was chosen; that is chosen for a kernel, and an initramfs can
        // rule a bus out.
        new ChooseKernel(),
        new ChooseVirtualHardware(),
        new AddVirtioToInitramfs(),

        // The hardware is final now, and what is missing here ends the conversion.
        new StageSoftware(),

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
        new LiftModuleBlocks(),
        new ModprobeAliases(),
        new XenRemnants(),
        new DisableKudzu(),
        new XorgDrivers(),

        new KeepVirtioInInitramfs(),

        // After the boot menu was edited, which may be among the files that it copies.
        new UefiFallbackLoader(),

        // After everything that it takes copies of.
        new DirectKernelBoot(),

        new FirstBootAgent(),
        new CleanCaches(),

        // Last, because it looks at the labels of what the others created.
        new RequestSELinuxRelabel(),

        .. WindowsSteps,
    ];

    /// <summary>Those for Windows guests, which have none in common with Linux ones.</summary>
    private static IEnumerable<ConversionStep> WindowsSteps =>
    [
        // First, because a guest without drivers is refused, and the hardware follows from what there is.
        new ChooseDrivers(),
        new ChooseWindowsHardware(),
        new InstallStorageDriver(),
        new InBoxStorage(),
        new StageDrivers(),
        new HardwareWizard(),
        new InstallDriversAtFirstBoot(),
        new InstallGuestTools(),
        new BringDataDisksOnline(),
        new KeepStaticAddresses(),

        new DisableHypervisorDrivers(),
        new UninstallHypervisorTools(),
        new CheckStorageFilters(),
        new StayOnCrash(),
        new BootSectorGeometry(),
        new WindowsBootFiles(),

        // Last, because it installs what the others added to the first boot.
        new InstallFirstBootRunner(),
    ];
}
