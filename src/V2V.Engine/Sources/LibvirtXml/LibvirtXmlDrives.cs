using System.Text.RegularExpressions;
using System.Xml.Linq;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.LibvirtXml;

/// <summary>The disk elements, in the document's order, which is the order in which the guest's firmware counts them.</summary>
internal sealed partial class LibvirtXmlDrives(string path, XElement domain, XElement devices, LibvirtXmlStorage storage)
{
    /// <summary>Hypervisors whose descriptions name the format; where they do not, these take an image as raw.</summary>
    private static readonly string[] RawByDefault = ["xen", "kvm", "qemu", "kqemu"];

    private const string Download =
        "Copy the disk's contents into a file beside the description (qemu-img convert), and name that file there, with type='file'.";

    private readonly Dictionary<string, string> _images = new(StringComparer.Ordinal);

    public void Read(List<SourceDisk> disks, List<RemovableDrive> removables, List<Concern> concerns)
    {
        foreach (var element in devices.Children("disk"))
        {
            switch (element.AttributeText("device"))
            {
                case null or "disk" or "lun":
                    AddDisk(element, disks, concerns);
                    break;
                case "cdrom":
                    removables.Add(new RemovableDrive(RemovableDriveKind.CdRom, ControllerOf(element).Kind, SlotOf(element)));
                    ReportMedia(element, concerns);
                    break;
                case "floppy":
                    removables.Add(new RemovableDrive(RemovableDriveKind.Floppy, DiskController.Unknown, SlotOf(element)));
                    ReportMedia(element, concerns);
                    break;
                case var other:
                    concerns.Add(new Concern(
                        ConcernSeverity.Warning, "DeviceIgnored", $"{Target(element)} is a {other}, which has no counterpart; the converted guest does not get it."));
                    break;
            }
        }
    }

    private void AddDisk(XElement element, List<SourceDisk> disks, List<Concern> concerns)
    {
        try
        {
            disks.Add(ReadDisk(element, concerns));
        }
        catch (V2VException e) when (storage.ReportsFailures)
        {
            concerns.Add(new Concern(ConcernSeverity.Critical, e.Error.ToString(), e.Message, e.Advice));
        }
    }

    private SourceDisk ReadDisk(XElement element, List<Concern> concerns)
    {
        var target = Target(element);
        RefuseUnreadable(element, target);
        var image = FindImage(element, target);
        var (controller, model) = ControllerOf(element);
        var options = new SourceOptions { AllowDiskFolders = storage.AllowedFolders(devices) };
        var disk = SourceDisks.FromFile(image.Open, controller, model, concerns, options, FormatOf(element, target, image));
        Report(element, target, concerns);
        return disk with { GuestName = controller == DiskController.Xen || domain.AttributeText("type") == "xen" ? element.Child("target")?.AttributeText("dev") : null };
    }

    private LibvirtXmlImage FindImage(XElement element, string target)
    {
        var source = element.Child("source") ?? new XElement("source");
        var (image, reference) = element.AttributeText("type") switch
        {
            "volume" => FindVolume(source, target),
            "network" => FindOnNetwork(source, target),
            "block" => FindFile(source.AttributeText("dev"), target),
            _ => FindFile(source.AttributeText("file"), target),
        };

        // Files from several folders of the source host can have one name.
        return _images.TryAdd(image.Identity, reference)
            ? image
            : throw LibvirtXmlDomain.Unsupported(
                path, $"attaches both {_images[image.Identity]} and {reference}, and {image.Identity} stands for both.",
                "Give the copies different names and correct the description.");
    }

    private (LibvirtXmlImage Image, string Reference) FindFile(string? reference, string target) =>
        (storage.FindFile(reference ?? throw Nowhere(target), target), reference);

    private (LibvirtXmlImage Image, string Reference) FindVolume(XElement source, string target)
    {
        var pool = source.AttributeText("pool") ?? throw Nowhere(target);
        var volume = source.AttributeText("volume") ?? throw Nowhere(target);
        return (storage.FindVolume(pool, volume, target), $"{pool}/{volume}");
    }

    private (LibvirtXmlImage Image, string Reference) FindOnNetwork(XElement source, string target)
    {
        var uri = LibvirtXmlNetworkDisk.UriOf(source) ?? throw LibvirtXmlDomain.Unsupported(
            path, $"attaches {target} over the network ({source.AttributeText("protocol")} {source.AttributeText("name")}), which is not supported.", Download);
        return (new LibvirtXmlImage(uri, RemoteFiles.Locate(uri, storage.Access).Open), uri);
    }

    private SourceException Nowhere(string target) => LibvirtXmlDomain.Invalid(path, $"does not tell where the contents of {target} are.");

    private void RefuseUnreadable(XElement element, string target)
    {
        var source = element.Child("source");
        switch (element.AttributeText("type"))
        {
            case null or "file" or "block" or "volume" or "network":
                break;
            case var type:
                throw LibvirtXmlDomain.Unsupported(path, $"attaches {target} by the type {type}, which is not supported.", Download);
        }

        if (element.Child("encryption") is not null || source?.Child("encryption") is not null)
        {
            throw LibvirtXmlDomain.Unsupported(
                path, $"attaches {target} encrypted by libvirt.", "Decrypt it into a file beside the description with 'qemu-img convert', and name that file there.");
        }

        if (source?.Child("slices") is not null)
        {
            throw LibvirtXmlDomain.Unsupported(path, $"attaches a part of a file as {target}, which is not supported.", Download);
        }
    }

    /// <summary>
    /// The format is what the description says, never what the content looks like, which a guest can write itself: a raw disk whose guest
    /// made it begin like a qcow2 image could otherwise have any file of the host copied into it. Null lets the content decide.
    /// </summary>
    private string? FormatOf(XElement element, string target, LibvirtXmlImage image)
    {
        var driver = element.Child("driver");
        // Xen's blktap names the format "aio" when there is none; its drivers "file" and "phy" know no other.
        var format = driver?.AttributeText("type")?.ToLowerInvariant() switch
        {
            "aio" or "phy" or "file" => "raw",
            "vpc" => "vhd",
            null when driver?.AttributeText("name") is "file" or "phy" => "raw",
            var type => type ?? (image.Format == "vpc" ? "vhd" : image.Format),
        };
        if (format is not null || !RawByDefault.Contains(domain.AttributeText("type")))
        {
            return format;
        }

        using var file = image.Open();
        return DiskFormat.Probe(file).Name is var found and not "raw"
            ? throw LibvirtXmlDomain.Unsupported(
                path, $"does not tell the format of {target}, which means raw, but {file.Path} looks like {found}.",
                $"Write <driver type='{found}'/> (or raw) into the disk element.")
            : "raw";
    }

    private static void ReportMedia(XElement element, List<Concern> concerns)
    {
        if (element.Child("source")?.AttributeText("file") is { Length: > 0 } image)
        {
            concerns.Add(SourceConcerns.RemovableMediaLeft(Target(element), image));
        }
    }

    private static void Report(XElement element, string target, List<Concern> concerns)
    {
        if (element.Child("shareable") is not null)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "DiskShared", $"The disk {target} is set up to be shared between guests.",
                "The conversion copies it for this guest alone; set up sharing again afterwards."));
        }

        if (element.Child("readonly") is not null)
        {
            concerns.Add(new Concern(ConcernSeverity.Warning, "DiskReadOnly", $"The disk {target} is attached read-only; the converted guest can write to its copy."));
        }

        if (element.Child("transient") is not null)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "DiskTransient", $"The disk {target} forgets at each shutdown what was written to it; the converted guest's copy does not."));
        }

        if (element.Child("mirror") is not null)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "DiskBeingCopied", $"The disk {target} is being copied by a block job of its host.", "Wait until it is finished, or cancel it."));
        }
    }

    private (DiskController Kind, string? Model) ControllerOf(XElement element)
    {
        var target = element.Child("target");
        var name = target?.AttributeText("dev") ?? "";
        switch (target?.AttributeText("bus"))
        {
            case "ide":
                return (DiskController.Ide, null);
            case "sata":
                return (DiskController.Sata, "ahci");
            case "virtio":
                return (DiskController.Virtio, null);
            case "xen":
                return (DiskController.Xen, null);
            case "nvme":
                return (DiskController.Nvme, null);
            case "usb":
                return (DiskController.Scsi, "usb"); // Linux drives USB disks as SCSI ones, and names them so.
            case "scsi":
                return ScsiController(element);
        }

        // Descriptions of before 2008 leave the bus out; libvirt takes it from the name.
        return name switch
        {
            _ when name.StartsWith("xvd", StringComparison.Ordinal) => (DiskController.Xen, null),
            _ when name.StartsWith("hd", StringComparison.Ordinal) => (DiskController.Ide, null),
            _ when name.StartsWith("vd", StringComparison.Ordinal) => (DiskController.Virtio, null),
            _ when name.StartsWith("sd", StringComparison.Ordinal) => ScsiController(element),
            _ => (DiskController.Unknown, null),
        };
    }

    private (DiskController Kind, string? Model) ScsiController(XElement element)
    {
        var index = element.Child("address")?.AttributeText("controller") ?? "0";
        var model = devices.Children("controller")
            .FirstOrDefault(c => c.AttributeText("type") == "scsi" && (c.AttributeText("index") ?? "0") == index)?
            .AttributeText("model")?.ToLowerInvariant();
        return model?.StartsWith("virtio", StringComparison.Ordinal) == true ? (DiskController.VirtioScsi, model) : (DiskController.Scsi, model);
    }

    private static string Target(XElement element) => element.Child("target")?.AttributeText("dev") ?? "a disk without a name";

    /// <summary>The letter in names such as hdc, the number in sr0.</summary>
    private static int? SlotOf(XElement element)
    {
        var match = DriveName().Match(element.Child("target")?.AttributeText("dev") ?? "");
        return match.Groups["letter"].Success ? match.Groups["letter"].Value[0] - 'a'
            : match.Groups["number"].Success ? match.Groups["number"].Value[0] - '0'
            : null;
    }

    [GeneratedRegex(@"^((xvd|hd|sd|vd|fd)(?<letter>[a-z])|sr(?<number>[0-9]))\z")]
    private static partial Regex DriveName();
}
