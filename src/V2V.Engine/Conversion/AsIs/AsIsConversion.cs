using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Windows;
using V2V.Engine.Sources;

namespace V2V.Engine.Conversion.AsIs;

/// <summary>
/// Converts a guest without changing anything inside: it gets hardware that it drives already. For guests whose file systems cannot be written or
/// not even opened (btrfs, LUKS, software RAID, features that are not understood).
/// </summary>
internal static class AsIsConversion
{
    /// <summary>Refusals that come from what is inside the guest; the others would stand against a conversion without edits too.</summary>
    private static readonly V2VError[] Avoidable =
    [
        V2VError.FileSystemUnsupported, V2VError.FileSystemFull, V2VError.VolumeUnsupported, V2VError.NoOperatingSystem,
        V2VError.GuestUnsupported, V2VError.ConversionFailed, V2VError.RegistryCorrupt, V2VError.RegistryUnsupported,
    ];

    /// <summary>Chooses the hardware and says what that means; a critical concern when there is none that the guest is known to drive.</summary>
    /// <param name="source">Where the guest comes from.</param>
    /// <param name="guest">What was found on its disks.</param>
    /// <param name="hardware">Is set to what was chosen.</param>
    public static IReadOnlyList<Concern> Run(SourceGuest source, GuestLayout guest, TargetHardware hardware)
    {
        List<Concern> concerns = [.. GuestChecks.Hibernation(guest.Volumes), .. WindowsVolumes.Hibernation(guest.Volumes, changed: null)];
        if ((AsIsHardware.KnownBus(source, guest.Firmware) ?? (guest.DrivesSata ? DiskBus.Sata : BootImages.DrivenBus(guest))) is not { } bus)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Critical, "NoKnownHardware",
                $"Which disks the guest can drive without being changed is not known: its own controller ({Controllers(source)}) is one that QEMU does "
                + "not emulate, and no initramfs could be read that has a driver for SATA, nor a Windows that starts its own.",
                "Attach the disks to a SATA controller in the source guest, start it once, shut it down, and convert it then."));
            return concerns;
        }

        if (guest.Firmware == Firmware.Bios && source.Disks.Count > 0 && !BiosBootSector.CanStart(source.Disks[guest.BootDiskIndex], guest.BootDiskIndex, guest.Volumes))
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "NoBootLoader", "The guest has no boot loader on its disk, as guests of Xen whose hypervisor starts their kernel: it will not start.",
                "Convert it without -AsIs, or install a boot loader in the source guest."));
        }

        AsIsHardware.Apply(source, bus, hardware);
        hardware.ClockIsLocalTime = guest.ClockIsLocalTime ?? hardware.ClockIsLocalTime;
        concerns.Add(new Concern(
            ConcernSeverity.Warning, "ConvertedAsIs",
            $"Nothing inside the guest is changed. Its disks are attached by {AsIsHardware.Name(bus)} and its adapters are {hardware.NetworkModel}, which are "
            + "slower than virtio, and network interfaces that are named by their PCI slot (ens192) get other names.",
            "Check the network's configuration after the first start; install virtio drivers inside and change the domain's disk bus."));
        return concerns;
    }

    /// <summary>The way out of a refusal, or null when it is none.</summary>
    public static Concern? Offer(SourceGuest source, V2VException refusal) =>
        Avoidable.Contains(refusal.Error) && AsIsHardware.KnownBus(source, source.Firmware ?? Firmware.Bios) is { } bus
            ? new Concern(
                ConcernSeverity.Information, "AsIsPossible",
                $"With -AsIs the guest is converted without any change inside, on {AsIsHardware.Name(bus)} disks, which it had.")
            : null;

    private static string Controllers(SourceGuest source) => string.Join(
        ", ", source.Disks.Select(d => d.ControllerModel ?? d.Controller.ToString()).Distinct());
}
