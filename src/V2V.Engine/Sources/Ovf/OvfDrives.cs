namespace V2V.Engine.Sources.Ovf;

/// <summary>The removable drives of an OVF package, what drives are attached to, and in which order a firmware sees the disks.</summary>
internal static class OvfDrives
{
    public static IReadOnlyList<RemovableDrive> ReadRemovables(OvfDescriptor descriptor) =>
    [
        .. from item in descriptor.Items
           where item.ResourceType is OvfResource.FloppyDrive or OvfResource.CdDrive or OvfResource.DvdDrive
           let slot = item.AddressOnParent is >= 0 and <= 255 ? (int?)item.AddressOnParent : null
           select item.ResourceType == OvfResource.FloppyDrive
               ? new RemovableDrive(RemovableDriveKind.Floppy, DiskController.Unknown, slot)
               : new RemovableDrive(RemovableDriveKind.CdRom, ControllerOf(item, descriptor).Kind, slot),
    ];

    /// <summary>
    /// The items of disks: controllers in the document's order, the disks of each by their addresses, and first of all the disk that the guest
    /// is said to start from.
    /// </summary>
    public static IReadOnlyList<OvfItem> InOrder(OvfDescriptor descriptor, Func<OvfItem, bool> isBoot)
    {
        var items = descriptor.Items.Where(i => i.ResourceType == OvfResource.DiskDrive).ToList();
        var controllers = items.Select(i => i.Parent).Distinct().ToList();
        return [.. items.OrderByDescending(isBoot).ThenBy(i => controllers.IndexOf(i.Parent)).ThenBy(i => i.Parent is null ? 0 : i.AddressOnParent ?? 0)];
    }

    public static (DiskController Kind, string? Model) ControllerOf(OvfItem item, OvfDescriptor descriptor)
    {
        var controller = item.Parent is { } parent
            ? descriptor.Items.FirstOrDefault(i => i.InstanceId == parent && i.ResourceType is
                OvfResource.IdeController or OvfResource.ScsiController or OvfResource.OtherStorage)
            : null;
        var model = controller?.SubType.ToLowerInvariant();
        return (controller?.ResourceType, model) switch
        {
            (OvfResource.IdeController, _) => (DiskController.Ide, Word(model)),
            // vSphere's name for its paravirtual controller in OVF; everywhere else it is pvscsi.
            (OvfResource.ScsiController, "virtualscsi") => (DiskController.Scsi, "pvscsi"),
            (OvfResource.ScsiController, { } name) when name.Contains("virtio", StringComparison.Ordinal) => (DiskController.VirtioScsi, null),
            (OvfResource.ScsiController, _) => (DiskController.Scsi, Word(model)),
            (OvfResource.OtherStorage, { } name) when name.Contains("nvme", StringComparison.Ordinal) => (DiskController.Nvme, null),
            (OvfResource.OtherStorage, { } name) when name.Contains("virtio", StringComparison.Ordinal) => (DiskController.VirtioScsi, null),
            (OvfResource.OtherStorage, _) => (DiskController.Sata, "ahci"),
            _ => (DiskController.Unknown, null),
        };
    }

    /// <summary>oVirt tells with each disk how it is attached.</summary>
    public static DiskController? FromInterface(string? name) => name?.ToUpperInvariant() switch
    {
        "VIRTIO" => DiskController.Virtio,
        "VIRTIO_SCSI" => DiskController.VirtioScsi,
        "IDE" => DiskController.Ide,
        "SATA" => DiskController.Sata,
        _ => null,
    };

    private static string? Word(string? model) => string.IsNullOrEmpty(model) ? null : model;
}
