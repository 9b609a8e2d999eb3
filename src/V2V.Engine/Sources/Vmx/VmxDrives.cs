namespace V2V.Engine.Sources.Vmx;

/// <summary>The disks and removable drives of a .vmx file.</summary>
internal static class VmxDrives
{
    /// <summary>What stands for a drive's file name while it is connected to nothing.</summary>
    private static readonly string[] EmptyDrive = ["emptyBackingString", "auto detect", ""];

    private const int MaximumFloppies = 2;

    public static void Read(
        VmxFile file, GuestFolder folder, SourceOptions options, List<SourceDisk> disks, List<RemovableDrive> removables, List<Concern> concerns)
    {
        foreach (var device in VmxDevice.All(file))
        {
            var fileName = file[$"{device.Name}.fileName"];
            switch (KindOf(file, device, fileName))
            {
                case Kind.Disk:
                    ReportSharing(file, device, concerns);
                    ReportMode(file, device, concerns);
                    disks.Add(ReadDisk(file, device, folder.Find(fileName!), options, concerns));
                    break;
                case Kind.CdRom:
                    removables.Add(new RemovableDrive(RemovableDriveKind.CdRom, ControllerOf(device.Bus), SlotOf(device)));
                    ReportMedia(file, device, fileName, concerns);
                    break;
                case Kind.Other:
                    concerns.Add(new Concern(
                        ConcernSeverity.Warning, "DeviceIgnored",
                        $"{device.Name} is a {file[$"{device.Name}.deviceType"]}, which has no counterpart; the converted guest does not get it."));
                    break;
            }
        }

        for (var n = 0; n < MaximumFloppies; n++)
        {
            // Unlike other devices a floppy drive is there only if the file says so.
            if (file.Boolean($"floppy{n}.present") == true)
            {
                removables.Add(new RemovableDrive(RemovableDriveKind.Floppy, DiskController.Unknown, n));
            }
        }
    }

    private static SourceDisk ReadDisk(VmxFile file, VmxDevice device, GuestFile image, SourceOptions options, List<Concern> concerns)
    {
        if (image.Open is not { } open)
        {
            throw new SourceException(V2VError.DiskImageNotFound, $"{file.Path} attaches {image.Path} to {device.Name}, but there is no such file.")
            {
                Path = file.Path,
                Format = "VMX",
                Advice = "Copy all files of the guest into one folder.",
            };
        }

        var disk = SourceDisks.FromFile(open, ControllerOf(device.Bus), ModelOf(file, device), concerns, options);
        return disk.Format == "vmdk"
            ? disk with { Id = device.Name, Slot = SlotOf(device), BootOrder = BootOrderOf(file, device) }
            : throw new SourceException(V2VError.SourceInvalid, $"{image.Path}, attached to {device.Name}, is no VMDK image (found: {disk.Format}).")
            {
                Path = file.Path,
                Format = "VMX",
                Advice = "A guest of VMware has VMDK disks: check what the file is, or convert it as a disk.",
            };
    }

    private enum Kind
    {
        None,
        Disk,
        CdRom,
        Other,
    }

    private static Kind KindOf(VmxFile file, VmxDevice device, string? fileName)
    {
        switch (file[$"{device.Name}.deviceType"]?.Trim().ToUpperInvariant())
        {
            case "CDROM-RAW" or "CDROM-IMAGE" or "ATAPI-CDROM":
                return Kind.CdRom;
            case "DISK" or "PLAINDISK" or "RAWDISK" or "SCSI-HARDDISK" or "ATA-HARDDISK" or "NVME-HARDDISK":
                break;
            case null or "":
                // The type was optional from the start: an ISO image is the only file that is not a disk.
                if (fileName is not null && fileName.EndsWith(".iso", StringComparison.OrdinalIgnoreCase))
                {
                    return Kind.CdRom;
                }

                break;
            default:
                return Kind.Other;
        }

        return fileName is null || EmptyDrive.Contains(fileName.Trim(), StringComparer.OrdinalIgnoreCase) ? Kind.None : Kind.Disk;
    }

    private static DiskController ControllerOf(VmxBus bus) => bus switch
    {
        VmxBus.Scsi => DiskController.Scsi,
        VmxBus.Nvme => DiskController.Nvme,
        VmxBus.Sata => DiskController.Sata,
        _ => DiskController.Ide,
    };

    private static string? ModelOf(VmxFile file, VmxDevice device) => device.Bus switch
    {
        VmxBus.Scsi => file[$"{device.ControllerName}.virtualDev"]?.ToLowerInvariant(),
        VmxBus.Sata => "ahci",
        _ => null,
    };

    /// <summary>An IDE channel has two drives; the other controllers count their own.</summary>
    private static int SlotOf(VmxDevice device) => device.Bus == VmxBus.Ide ? (device.Controller * 2) + device.Target : device.Target;

    /// <summary>bios.hddOrder lists the disks that the firmware tries, in that order: "scsi0:1,nvme0:0". It is there only if somebody chose.</summary>
    private static int? BootOrderOf(VmxFile file, VmxDevice device)
    {
        string[] order = file["bios.hddOrder"]?.Split(',', StringSplitOptions.TrimEntries) ?? [];
        var index = Array.FindIndex(order, name => name.Equals(device.Name, StringComparison.OrdinalIgnoreCase));
        return index < 0 ? null : index + 1;
    }

    /// <summary>An image, that is: a drive of the host is named in other ways, and one that is not connected at the start holds nothing of use.</summary>
    private static void ReportMedia(VmxFile file, VmxDevice device, string? fileName, List<Concern> concerns)
    {
        if (fileName?.Trim() is { Length: > 0 } image && image.EndsWith(".iso", StringComparison.OrdinalIgnoreCase)
            && file.Boolean($"{device.Name}.startConnected") != false)
        {
            concerns.Add(SourceConcerns.RemovableMediaLeft(device.Name, image));
        }
    }

    /// <summary>An independent disk is left out of snapshots; a nonpersistent one loses at each power-off what was written to it.</summary>
    private static void ReportMode(VmxFile file, VmxDevice device, List<Concern> concerns)
    {
        switch (file[$"{device.Name}.mode"]?.Trim().ToUpperInvariant())
        {
            case "INDEPENDENT-PERSISTENT":
                concerns.Add(new Concern(
                    ConcernSeverity.Information, "DiskIndependent",
                    $"The disk at {device.Name} is independent, so that snapshots of the source leave it out; those of the converted guest will not."));
                break;
            case "INDEPENDENT-NONPERSISTENT" or "NONPERSISTENT":
                concerns.Add(new Concern(
                    ConcernSeverity.Warning, "DiskTransient",
                    $"The disk at {device.Name} is nonpersistent: it forgets when the guest is powered off what was written to it; the converted guest's copy does not."));
                break;
        }
    }

    private static void ReportSharing(VmxFile file, VmxDevice device, List<Concern> concerns)
    {
        var bus = file[$"{device.ControllerName}.sharedBus"];
        var disk = file[$"{device.Name}.sharing"];
        if (bus is not (null or "none" or "") || disk is not (null or "sharing-none" or "nosharing" or ""))
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "DiskShared", $"The disk at {device.Name} is set up to be shared between guests.",
                "The conversion copies it for this guest alone; set up sharing again afterwards."));
        }
    }
}
