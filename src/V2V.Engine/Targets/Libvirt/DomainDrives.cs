using System.Xml.Linq;
using V2V.Engine.Conversion;
using V2V.Engine.Sources;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>Disks, CD-ROM and floppy drives of a domain: which bus, which target name, which boot order.</summary>
internal static class DomainDrives
{
    /// <summary>Two channels of two drives: all the IDE that QEMU's pc machine has.</summary>
    private const int MaximumIdeDrives = 4;

    private const int MaximumFloppies = 2;

    /// <summary>Ports of QEMU's LSI SAS 1068 (hw/scsi/mptsas.h).</summary>
    private const int LsiSasTargets = 8;

    /// <summary>Linux' driver of VMware's controller looks no further where the device does not tell, as QEMU's does not (vmw_pvscsi.c).</summary>
    private const int PvscsiTargets = 16;

    /// <summary>virtio-scsi numbers its targets by a byte (virtio 1.1, 5.6.6.1).</summary>
    private const int VirtioScsiTargets = 255;

    public static IEnumerable<XElement> Build(DomainDescription domain)
    {
        var elements = new List<XElement>();
        var bus = DiskBusName(domain);
        if (TooMany(domain, domain.Disks.Count) is { } refusal)
        {
            throw new TargetException(V2VError.TargetUnsupported, refusal.Message) { Path = domain.Name, Advice = refusal.Advice };
        }

        for (var i = 0; i < domain.Disks.Count; i++)
        {
            elements.Add(Disk(domain, i, bus));
        }

        elements.AddRange(CdRoms(domain, bus));
        elements.AddRange(Floppies(domain));
        return elements;
    }

    /// <summary>What stands against so many disks on the domain's bus; null when there is room.</summary>
    internal static Concern? TooMany(DomainDescription domain, int disks) => DiskBusName(domain) == "ide" && disks > MaximumIdeDrives
        ? new Concern(
            ConcernSeverity.Critical, "TooManyDisks", $"{domain.Name} has {disks} disks on IDE, where a machine has room for {MaximumIdeDrives}.",
            "Convert fewer disks, or give the guest virtio drivers before the conversion.")
        { Error = V2VError.TargetUnsupported }
        : null;

    /// <summary>How many SCSI controllers the disks need.</summary>
    internal static int ScsiControllers(DomainDescription domain) =>
        Math.Max(1, (domain.Disks.Count + ScsiTargets(domain) - 1) / ScsiTargets(domain));

    /// <summary>"sda" for 0, "sdaa" for 26: a prefix and a number in letters, as Linux counts disks.</summary>
    internal static string TargetName(string prefix, int index)
    {
        var letters = "";
        for (var rest = index; rest >= 0; rest = (rest / 26) - 1)
        {
            letters = (char)('a' + (rest % 26)) + letters;
        }

        return prefix + letters;
    }

    private static XElement Disk(DomainDescription domain, int index, string bus)
    {
        var source = domain.Disks[index];
        // A volume is referred to by its path where that is known: that works in every version and survives a pool's renaming.
        var reference = source.Path is { } path
            ? new XElement("source", new XAttribute(source.IsBlockDevice ? "dev" : "file", path))
            : new XElement("source", new XAttribute("pool", source.Pool ?? ""), new XAttribute("volume", source.Volume ?? ""));
        return new XElement("disk",
            new XAttribute("type", source.Path is null ? "volume" : source.IsBlockDevice ? "block" : "file"),
            new XAttribute("device", "disk"),
            bus == "virtio" && DomainDevices.VirtioModel(domain) is var model and not "virtio" ? new XAttribute("model", model) : null,
            new XElement("driver",
                new XAttribute("name", "qemu"),
                new XAttribute("type", source.Format == ImageFormat.Qcow2 ? "qcow2" : "raw"),
                domain.ReturnsSpace ? new XAttribute("discard", "unmap") : null),
            reference,
            new XElement("target", new XAttribute("dev", TargetName(Prefix(bus), index)), new XAttribute("bus", bus)),
            new XElement("boot", new XAttribute("order", domain.BootOrder(index))),
            bus == "scsi" ? ScsiAddress(domain, index) : null);
    }

    /// <summary>
    /// Each disk is a target of its own. libvirt would make up to seven of them units of one target, which neither VMware's controllers nor LSI's
    /// have more than one or two of, and put the rest behind controllers of another model.
    /// </summary>
    private static XElement ScsiAddress(DomainDescription domain, int index) =>
        new("address",
            new XAttribute("type", "drive"),
            new XAttribute("controller", index / ScsiTargets(domain)),
            new XAttribute("bus", 0),
            new XAttribute("target", index % ScsiTargets(domain)),
            new XAttribute("unit", 0));

    private static int ScsiTargets(DomainDescription domain) => domain.Hardware.DiskBus switch
    {
        DiskBus.Pvscsi => PvscsiTargets,
        DiskBus.LsiSas => LsiSasTargets,
        _ => VirtioScsiTargets,
    };

    private static string DiskBusName(DomainDescription domain) => domain.Hardware.DiskBus switch
    {
        DiskBus.Virtio => "virtio",
        DiskBus.VirtioScsi or DiskBus.Pvscsi or DiskBus.LsiSas => "scsi",
        DiskBus.Ide when HasIde(domain) => "ide",
        _ => "sata",
    };

    private static bool HasIde(DomainDescription domain) =>
        DomainXml.IsX86(domain) && !domain.Hardware.IsQ35;

    private static string Prefix(string bus) => bus switch
    {
        "virtio" => "vd",
        "ide" => "hd",
        _ => "sd",
    };

    /// <summary>
    /// Empty drives on the bus that any guest can drive, behind the disks when these are there too; on the slot that they had if it is free.
    /// </summary>
    private static IEnumerable<XElement> CdRoms(DomainDescription domain, string diskBus)
    {
        var bus = HasIde(domain) ? "ide" : DomainXml.IsX86(domain) ? "sata" : "scsi";
        // sda.. is one row of names for SATA and SCSI together.
        var taken = Prefix(bus) == Prefix(diskBus) ? Enumerable.Range(0, domain.Disks.Count).ToHashSet() : [];
        foreach (var drive in domain.Source.RemovableDrives.Where(d => d.Kind == RemovableDriveKind.CdRom))
        {
            var room = bus == "ide" ? MaximumIdeDrives : int.MaxValue;
            var slot = drive.Slot is { } wanted && wanted < MaximumIdeDrives && !taken.Contains(wanted)
                ? wanted
                : Enumerable.Range(0, taken.Count + 1).First(n => !taken.Contains(n));
            if (slot >= room)
            {
                yield break; // Losing an empty drive is better than losing the guest.
            }

            taken.Add(slot);
            yield return RemovableDrive("cdrom", TargetName(Prefix(bus), slot), bus);
        }
    }

    private static IEnumerable<XElement> Floppies(DomainDescription domain) => domain.HasFloppyController
        ? domain.Source.RemovableDrives
            .Where(d => d.Kind == RemovableDriveKind.Floppy)
            .Take(MaximumFloppies)
            .Select((_, index) => RemovableDrive("floppy", TargetName("fd", index), "fdc"))
        : [];

    private static XElement RemovableDrive(string device, string target, string bus) =>
        new("disk",
            new XAttribute("type", "file"),
            new XAttribute("device", device),
            new XElement("driver", new XAttribute("name", "qemu"), new XAttribute("type", "raw")),
            new XElement("target", new XAttribute("dev", target), new XAttribute("bus", bus)),
            device == "cdrom" ? new XElement("readonly") : null);
}
