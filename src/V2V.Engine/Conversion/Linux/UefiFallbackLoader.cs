using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Boot;
using V2V.Engine.Sources;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Installs the distribution's boot loader where firmware looks that knows nothing of it: as EFI/BOOT/BOOTX64.EFI. The entry in NVRAM by which
/// the guest was started so far stays behind with the source's firmware.
/// </summary>
public sealed class UefiFallbackLoader : LinuxStep
{
    private const string Why = "The boot entry in NVRAM stays behind; without one, UEFI starts EFI/BOOT/BOOTX64.EFI.";

    public override string Name => "Installing the boot loader for an empty NVRAM";

    public override bool AppliesTo(InspectedGuest guest) => base.AppliesTo(guest) && guest.Firmware == Firmware.Uefi;

    public override void Apply(ConversionContext context)
    {
        var root = context.Guest.Root;
        if (UefiFallback.FindSystemPartition(root) is not { MountPoint: var systemPartition } || UefiFallback.IsPresent(root, systemPartition)
            || UefiLoaders.Find(context.Guest, systemPartition) is not { } loader)
        {
            return;
        }

        foreach (var file in loader.Files)
        {
            context.Files.WriteAllBytes(
                $"{systemPartition.TrimEnd('/')}{UefiFallback.Directory}/{file.Name}", root.ReadAllBytes(file.Path), $"copy of {file.Path}", Why);
        }

        if (loader.HasCopyOfMenu)
        {
            var program = loader.Files[0].Path[systemPartition.TrimEnd('/').Length..].Replace('/', '\\');
            context.Add(new Concern(
                ConcernSeverity.Warning, "UefiMenuCopied",
                $"The guest starts from a copy of its boot menu ({loader.Files[^1].Path}), which does not learn of kernels that are installed later.",
                $"After the first start run 'efibootmgr -c -d DISK -p PARTITION -L Linux -l {program}' in the guest, and remove EFI/BOOT from its system partition."));
        }
    }
}
