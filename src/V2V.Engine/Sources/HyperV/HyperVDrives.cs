using System.Xml.Linq;

namespace V2V.Engine.Sources.HyperV;

/// <summary>What is attached to the IDE and SCSI controllers, in this order, which is the one of the BIOS.</summary>
internal sealed class HyperVDrives(HyperVConfiguration configuration, HyperVFolder folder)
{
    private const int DrivesPerIdeController = 2;

    public void Read(List<SourceDisk> disks, List<RemovableDrive> removables, List<Concern> concerns)
    {
        foreach (var (controller, number) in Controllers(HyperVDevices.IdeController))
        {
            ReadController(controller, DiskController.Ide, number, disks, removables, concerns);
        }

        foreach (var (controller, number) in Controllers(HyperVDevices.ScsiController))
        {
            ReadController(controller, DiskController.Scsi, number, disks, removables, concerns);
        }

        // Every machine of generation 1 has a floppy controller; it is worth one in the converted guest only with a disk in it.
        if (Controllers(HyperVDevices.FloppyController).Any(c => c.Element.Elements().Any(d => HyperVConfiguration.Text(d, "pathname") is not null)))
        {
            removables.Add(new RemovableDrive(RemovableDriveKind.Floppy, DiskController.Unknown, 0));
        }
    }

    /// <summary>A device of IDE has two controllers in it; of SCSI controllers each is a device of its own, with controller0 in it.</summary>
    private IEnumerable<(XElement Element, int Number)> Controllers(Guid type) => configuration.OfType(type)
        .SelectMany(d => (d.Settings?.Elements() ?? []).Where(e => HyperVConfiguration.Index(e, "controller") is not null).OrderBy(e => HyperVConfiguration.Index(e, "controller")))
        .Select((element, i) => (element, i));

    private void ReadController(
        XElement controller, DiskController kind, int number, List<SourceDisk> disks, List<RemovableDrive> removables, List<Concern> concerns)
    {
        foreach (var drive in controller.Elements().Where(e => HyperVConfiguration.Index(e, "drive") is not null).OrderBy(e => HyperVConfiguration.Index(e, "drive")))
        {
            var position = HyperVConfiguration.Index(drive, "drive")!.Value;
            var slot = kind == DiskController.Ide ? (number * DrivesPerIdeController) + position : position;
            var id = $"{(kind == DiskController.Ide ? "ide" : "scsi")}{number}:{position}";
            var image = HyperVConfiguration.Text(drive, "pathname");
            switch (HyperVConfiguration.Text(drive, "type")?.ToUpperInvariant())
            {
                case null or "NONE":
                    break;
                case "ISO":
                    removables.Add(new RemovableDrive(RemovableDriveKind.CdRom, kind, slot));
                    if (image is not null)
                    {
                        concerns.Add(SourceConcerns.RemovableMediaLeft(id, image));
                    }

                    break;
                case "VHD" when image is null:
                    concerns.Add(new Concern(
                        ConcernSeverity.Warning, "DriveEmpty", $"{configuration.Path} attaches a hard drive without an image at {id}; the converted guest does not get it."));
                    break;
                case "VHD":
                    disks.Add(ReadDisk(drive, kind, slot, id, image, concerns));
                    break;
                case var type:
                    throw HyperVSource.Unsupported(
                        configuration.Path, $"attaches a drive of the type {type} at {id}, which is not in an image file.",
                        "Copy the physical disk into a .vhdx file first, attach that and export the machine again, or convert copies of the disks with -Disk.");
            }
        }
    }

    private SourceDisk ReadDisk(XElement drive, DiskController kind, int slot, string id, string image, List<Concern> concerns)
    {
        if (HyperVConfiguration.Boolean(drive, "persistent_reservations_supported") == true)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "DiskShared", $"The disk at {id} is set up to be shared between guests.",
                "The conversion copies it for this guest alone; set up sharing again afterwards."));
        }

        var file = folder.Find(image) ?? throw new SourceException(
            V2VError.DiskImageNotFound, $"{configuration.Path} attaches {image} at {id}, and {folder.Description} has no such file.")
        {
            Path = configuration.Path,
            Format = HyperVSource.Format,
            Advice = "Export the machine again, copy its disks into the folder 'Virtual Hard Disks' of the export, or allow the folder that they lie in (-AllowDiskFolder).",
        };
        return SourceDisks.FromFile(file, kind, kind == DiskController.Scsi ? "storvsc" : null, concerns, folder.ImageOptions) with { Id = id, Slot = slot };
    }
}
