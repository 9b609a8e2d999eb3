using V2V.Engine.Sources;

namespace V2V.Engine.Conversion.AsIs;

/// <summary>
/// The hardware of a guest that is not edited: what it can be known to drive without looking inside. QEMU emulates several of the controllers and
/// adapters that guests leave behind, and a guest that ran on one of them starts on it again.
/// </summary>
internal static class AsIsHardware
{
    /// <summary>The bus on which a guest's disks stay what they are to it; null when QEMU has nothing like it.</summary>
    /// <param name="source">The guest; its disks are on one kind of controller, or there is no answer.</param>
    /// <param name="firmware">UEFI guests get the q35 machine, which has no IDE.</param>
    public static DiskBus? KnownBus(SourceGuest source, Firmware firmware)
    {
        var buses = source.Disks.Select(d => KnownBus(d, firmware)).Distinct().ToArray();
        return buses is [{ } bus] ? bus : null;
    }

    /// <summary>Lowers <paramref name="hardware"/> to what the guest had.</summary>
    public static void Apply(SourceGuest source, DiskBus bus, TargetHardware hardware)
    {
        hardware.DiskBus = bus;
        hardware.Machine = bus == DiskBus.Ide ? "pc" : "q35";
        hardware.NetworkModel = source.NetworkAdapters is [var first, ..] && KnownAdapter(first.Model) is { } model ? model : NetworkModel.E1000;
        // The only thing said about the system inside when nothing of it can be read; Windows keeps local time in the clock.
        hardware.ClockIsLocalTime |= source.GuestOsHint?.StartsWith("win", StringComparison.OrdinalIgnoreCase) == true;
    }

    /// <summary>How messages call it.</summary>
    public static string Name(DiskBus bus) => bus switch
    {
        DiskBus.Virtio => "virtio",
        DiskBus.VirtioScsi => "virtio-scsi",
        DiskBus.Sata => "SATA (AHCI)",
        DiskBus.Ide => "IDE",
        DiskBus.Pvscsi => "VMware's paravirtual SCSI",
        _ => "LSI SAS 1068",
    };

    /// <summary>VMware's LSI Logic parallel adapter (1000:0030) is the common one that QEMU does not emulate; nor Xen's and Hyper-V's own.</summary>
    private static DiskBus? KnownBus(SourceDisk disk, Firmware firmware) => (disk.Controller, disk.ControllerModel) switch
    {
        (DiskController.Virtio, _) => DiskBus.Virtio,
        (DiskController.VirtioScsi, _) => DiskBus.VirtioScsi,
        (DiskController.Sata, _) => DiskBus.Sata,
        (DiskController.Ide, _) when firmware == Firmware.Bios => DiskBus.Ide,
        (DiskController.Scsi, "pvscsi" or "virtualscsi" or "vmpvscsi") => DiskBus.Pvscsi,
        (DiskController.Scsi, "lsisas1068" or "lsilogicsas") => DiskBus.LsiSas,
        (DiskController.Scsi, "virtio-scsi") => DiskBus.VirtioScsi,
        _ => null,
    };

    private static NetworkModel? KnownAdapter(string? model) => model?.ToLowerInvariant() switch
    {
        "virtio" => NetworkModel.Virtio,
        "e1000" => NetworkModel.E1000,
        "e1000e" => NetworkModel.E1000e,
        "vmxnet3" => NetworkModel.Vmxnet3,
        "rtl8139" => NetworkModel.Rtl8139,
        _ => null,
    };
}
