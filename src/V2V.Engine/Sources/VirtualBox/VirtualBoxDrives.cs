using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Sources.VirtualBox;

/// <summary>What is attached to the storage controllers, in the order of controllers, ports and devices.</summary>
internal sealed class VirtualBoxDrives(SourceFile descriptor, XElement machine, XElement hardware, SourceOptions options)
{
    private readonly GuestFolder _folder = GuestFolder.Of(descriptor, options);
    private readonly VirtualBoxMedia _media = new(descriptor.Path, machine);

    /// <summary>Images of snapshots lie in a folder of their own below the machine's, and build upon images in it.</summary>
    private readonly SourceOptions _options = descriptor.Store is null
        ? options with { AllowDiskFolders = [Path.GetDirectoryName(descriptor.Path)!, .. options.AllowDiskFolders] }
        : options;

    public void Read(List<SourceDisk> disks, List<RemovableDrive> removables, List<Concern> concerns)
    {
        // Until version 1.19 of the schema the controllers stood beside the hardware.
        var controllers = hardware.Child("StorageControllers") ?? machine.Child("StorageControllers");
        foreach (var controller in controllers?.Children("StorageController") ?? [])
        {
            var (kind, model) = ControllerOf(controller);
            foreach (var attached in controller.Children("AttachedDevice").OrderBy(a => Number(a, "port")).ThenBy(a => Number(a, "device")))
            {
                switch (attached.AttributeText("type"))
                {
                    case "HardDisk":
                        disks.Add(ReadDisk(controller, attached, kind, model, concerns));
                        break;
                    case "DVD":
                        removables.Add(new RemovableDrive(RemovableDriveKind.CdRom, kind, Slot(attached, kind)));
                        break;
                    case "Floppy":
                        removables.Add(new RemovableDrive(RemovableDriveKind.Floppy, DiskController.Unknown, Number(attached, "device")));
                        break;
                }
            }
        }
    }

    private SourceDisk ReadDisk(XElement controller, XElement attached, DiskController kind, string? model, List<Concern> concerns)
    {
        var where = $"{controller.AttributeText("name") ?? "a controller"}, port {Number(attached, "port")}";
        if (attached.Child("HostDrive") is not null || attached.Child("Image")?.AttributeText("uuid") is not { } id)
        {
            throw VirtualBoxSource.Unsupported(descriptor.Path, $"attaches no image to {where}.", "Copy the physical disk into an image file first, and attach that.");
        }

        var medium = _media.Find(id, where);
        var file = _folder.FindMoved(medium.Location);
        if (file.Open is not { } open)
        {
            throw new SourceException(V2VError.DiskImageNotFound, $"{descriptor.Path} attaches {medium.Location} to {where}, but there is no such file.")
            {
                Path = descriptor.Path,
                Format = VirtualBoxSource.Format,
                Advice = $"Copy it into the folder of {descriptor.Path}.",
            };
        }

        return SourceDisks.FromFile(open, kind, model, concerns, _options, medium.Format) with { Id = where, Slot = Slot(attached, kind) };
    }

    private static (DiskController Kind, string? Model) ControllerOf(XElement controller) => controller.AttributeText("type")?.ToUpperInvariant() switch
    {
        "AHCI" or "INTELAHCI" => (DiskController.Sata, "ahci"),
        "PIIX3" or "PIIX4" or "ICH6" => (DiskController.Ide, null),
        "LSILOGIC" => (DiskController.Scsi, "lsilogic"),
        "LSILOGICSAS" => (DiskController.Scsi, "lsisas1068"),
        "BUSLOGIC" => (DiskController.Scsi, "buslogic"),
        "USB" => (DiskController.Scsi, "usb"), // Linux drives USB disks as SCSI ones, and names them so.
        "NVME" => (DiskController.Nvme, null),
        "VIRTIOSCSI" => (DiskController.VirtioScsi, "virtio-scsi"),
        _ => (DiskController.Unknown, null),
    };

    /// <summary>IDE has two devices at each of two ports; elsewhere the port says all.</summary>
    private static int Slot(XElement attached, DiskController kind) =>
        kind == DiskController.Ide ? (2 * Number(attached, "port")) + Number(attached, "device") : Number(attached, "port");

    private static int Number(XElement element, string attribute) =>
        byte.TryParse(element.AttributeText(attribute), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
