namespace V2V.Engine.Sources.Ovf;

/// <summary>The disks and removable drives of an OVF package.</summary>
internal static class OvfDrives
{
    public static IReadOnlyList<SourceDisk> ReadDisks(
        OvfDescriptor descriptor, OvfPackage package, OvfManifest? manifest, List<Concern> concerns) =>
        [.. descriptor.Items.Where(i => i.ResourceType == OvfResource.DiskDrive).Select(i => ReadDisk(i, descriptor, package, manifest, concerns))];

    public static IReadOnlyList<RemovableDrive> ReadRemovables(OvfDescriptor descriptor) =>
    [
        .. from item in descriptor.Items
           where item.ResourceType is OvfResource.FloppyDrive or OvfResource.CdDrive or OvfResource.DvdDrive
           let slot = item.AddressOnParent is >= 0 and <= 255 ? (int?)item.AddressOnParent : null
           select item.ResourceType == OvfResource.FloppyDrive
               ? new RemovableDrive(RemovableDriveKind.Floppy, DiskController.Unknown, slot)
               : new RemovableDrive(RemovableDriveKind.CdRom, ControllerOf(item, descriptor).Kind, slot),
    ];

    private static SourceDisk ReadDisk(
        OvfItem item, OvfDescriptor descriptor, OvfPackage package, OvfManifest? manifest, List<Concern> concerns)
    {
        var (controller, model) = ControllerOf(item, descriptor);
        var disk = FindDisk(item, descriptor);
        if (disk.IsDelta)
        {
            throw OvfDescriptor.Unsupported(
                descriptor.Path, $"stores {item} as the difference from another disk", "Delete the guest's snapshots and export it again.");
        }

        if (disk.File is not { } file)
        {
            return disk.Capacity is { } size
                ? SourceDisks.Empty($"{descriptor.Path} ({item})", size, controller, model)
                : throw OvfDescriptor.Invalid(descriptor.Path, $"gives {item} neither contents nor a size.");
        }

        RefuseEncoding(descriptor, file);
        var open = package.FindHref(file.Href, out var name);
        var digest = manifest?[name] is { } expected ? new SourceDigest(name, expected.Algorithm, expected.Hex, open) : null;
        if (manifest is not null && digest is null)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "DiskNotInManifest", $"{manifest.Path} has no digest for {name}; damage to it would go unnoticed."));
        }

        var source = SourceDisks.FromFile(open, controller, model, concerns) with { ExpectedDigest = digest };
        if (disk.Format?.Contains("vmdk", StringComparison.OrdinalIgnoreCase) == true && source.Format != "vmdk")
        {
            throw OvfDescriptor.Invalid(descriptor.Path, $"says that {name} is a VMDK image, but it is not (found: {source.Format}).");
        }

        if (disk.Capacity is { } capacity && capacity != source.Capacity)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Information, "CapacityDiffers", $"{descriptor.Path} gives {item} {capacity} bytes, the image {name} has {source.Capacity}."));
        }

        return source;
    }

    /// <summary>DSP0243, section 8.3.3: "ovf:/disk/ID" refers to the DiskSection, "ovf:/file/ID" to a file without an entry there.</summary>
    private static OvfDisk FindDisk(OvfItem item, OvfDescriptor descriptor)
    {
        const string Prefix = "/disk/";
        var resource = item.HostResource ?? throw OvfDescriptor.Invalid(descriptor.Path, $"does not tell where the contents of {item} are.");
        var path = resource.StartsWith("ovf:", StringComparison.OrdinalIgnoreCase) ? resource[4..] : resource;
        if (!path.StartsWith(Prefix, StringComparison.Ordinal))
        {
            throw OvfDescriptor.Unsupported(descriptor.Path, $"refers to {resource} for {item}", "Export the guest again, with its disks.");
        }

        return descriptor.Disks.TryGetValue(path[Prefix.Length..], out var disk)
            ? disk
            : throw OvfDescriptor.Invalid(descriptor.Path, $"refers to {resource} for {item}, but has no such disk.");
    }

    private static void RefuseEncoding(OvfDescriptor descriptor, OvfFile file)
    {
        if (file.Compression is not null)
        {
            throw OvfDescriptor.Unsupported(
                descriptor.Path, $"stores {file.Href} compressed with {file.Compression}",
                "Unpack the OVA, decompress the disk, remove ovf:compression from the .ovf file and convert that.");
        }

        if (file.IsChunked)
        {
            throw OvfDescriptor.Unsupported(
                descriptor.Path, $"stores {file.Href} in several pieces",
                "Export the guest without splitting its disks (ovftool: without --chunkSize).");
        }
    }

    private static (DiskController Kind, string? Model) ControllerOf(OvfItem item, OvfDescriptor descriptor)
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
            (OvfResource.ScsiController, _) => (DiskController.Scsi, Word(model)),
            (OvfResource.OtherStorage, { } name) when name.Contains("nvme", StringComparison.Ordinal) => (DiskController.Nvme, null),
            (OvfResource.OtherStorage, { } name) when name.Contains("virtio", StringComparison.Ordinal) => (DiskController.VirtioScsi, null),
            (OvfResource.OtherStorage, _) => (DiskController.Sata, "ahci"),
            _ => (DiskController.Unknown, null),
        };
    }

    private static string? Word(string? model) => string.IsNullOrEmpty(model) ? null : model;
}
