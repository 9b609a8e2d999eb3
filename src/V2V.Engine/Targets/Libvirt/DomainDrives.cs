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

    public static IEnumerable<XElement> Build(DomainDescription domain)
    {
        var elements = new List<XElement>();
        var bus = DiskBusName(domain);
        if (bus == "ide" && domain.Disks.Count > MaximumIdeDrives)
        {
            throw new TargetException(
                V2VError.TargetUnsupported, $"{domain.Name} has {domain.Disks.Count} disks on IDE, where a machine has room for {MaximumIdeDrives}.")
            {
                Path = domain.Name,
                Advice = "Convert fewer disks, or give the guest virtio drivers before the conversion.",
            };
        }

        for (var i = 0; i < domain.Disks.Count; i++)
        {
            elements.Add(Disk(domain, i, bus));
        }

        elements.AddRange(CdRoms(domain, bus));
        elements.AddRange(Floppies(domain));
        return elements;
    }

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
                // What the guest deletes and trims comes back to the host; the images are sparse to begin with.
                new XAttribute("discard", "unmap")),
            reference,
            new XElement("target", new XAttribute("dev", TargetName(Prefix(bus), index)), new XAttribute("bus", bus)),
            new XElement("boot", new XAttribute("order", BootOrder(domain, index))));
    }

    /// <summary>The disk with the boot loader first, the others after it in their own order.</summary>
    private static int BootOrder(DomainDescription domain, int index) =>
        index == domain.BootDiskIndex ? 1 : index < domain.BootDiskIndex ? index + 2 : index + 1;

    private static string DiskBusName(DomainDescription domain) => domain.Hardware.DiskBus switch
    {
        DiskBus.Virtio => "virtio",
        DiskBus.VirtioScsi or DiskBus.Pvscsi or DiskBus.LsiSas => "scsi",
        DiskBus.Ide when HasIde(domain) => "ide",
        _ => "sata",
    };

    private static bool HasIde(DomainDescription domain) =>
        DomainXml.IsX86(domain) && !domain.Hardware.Machine.StartsWith("q35", StringComparison.Ordinal);

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
