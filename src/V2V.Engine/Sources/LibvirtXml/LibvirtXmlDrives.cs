using System.Text.RegularExpressions;
using System.Xml.Linq;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.LibvirtXml;

/// <summary>The disk elements, in the document's order, which is the order in which the guest's firmware counts them.</summary>
internal sealed partial class LibvirtXmlDrives(string path, XElement domain, XElement devices, GuestFolder folder, SourceOptions options)
{
    /// <summary>Hypervisors whose descriptions name the format; where they do not, these take an image as raw.</summary>
    private static readonly string[] RawByDefault = ["xen", "kvm", "qemu", "kqemu"];

    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);

    public void Read(List<SourceDisk> disks, List<RemovableDrive> removables, List<Concern> concerns)
    {
        foreach (var element in devices.Children("disk"))
        {
            switch (element.AttributeText("device"))
            {
                case null or "disk" or "lun":
                    disks.Add(ReadDisk(element, concerns));
                    break;
                case "cdrom":
                    removables.Add(new RemovableDrive(RemovableDriveKind.CdRom, ControllerOf(element).Kind, SlotOf(element)));
                    break;
                case "floppy":
                    removables.Add(new RemovableDrive(RemovableDriveKind.Floppy, DiskController.Unknown, SlotOf(element)));
                    break;
                case var other:
                    concerns.Add(new Concern(
                        ConcernSeverity.Warning, "DeviceIgnored", $"{Target(element)} is a {other}, which has no counterpart; the converted guest does not get it."));
                    break;
            }
        }
    }

    private SourceDisk ReadDisk(XElement element, List<Concern> concerns)
    {
        var target = Target(element);
        RefuseUnreadable(element, target);
        var open = FindFile(element, target);
        var (controller, model) = ControllerOf(element);
        var disk = SourceDisks.FromFile(open, controller, model, concerns, options, FormatOf(element, target, open));
        Report(element, target, concerns);
        return disk with { GuestName = controller == DiskController.Xen || domain.AttributeText("type") == "xen" ? element.Child("target")?.AttributeText("dev") : null };
    }

    private Func<DiskFile> FindFile(XElement element, string target)
    {
        var source = element.Child("source");
        var reference = element.AttributeText("type") == "block" ? source?.AttributeText("dev") : source?.AttributeText("file");
        if (reference is null)
        {
            throw LibvirtXmlSource.Invalid(path, $"does not tell where the contents of {target} are.");
        }

        var file = folder.FindMoved(reference);
        if (file.Open is not { } open)
        {
            throw new SourceException(V2VError.DiskImageNotFound, $"{path} attaches {reference} as {target}, but there is no such file.")
            {
                Path = path,
                Format = LibvirtXmlSource.Format,
                Advice = $"Copy it into the folder of {path}.",
            };
        }

        // Files from several folders of the source host can have one name.
        if (!_files.TryAdd(RealPath.Resolve(file.Path), reference))
        {
            throw LibvirtXmlSource.Unsupported(
                path, $"attaches both {_files[RealPath.Resolve(file.Path)]} and {reference}, and {file.Path} stands for both.",
                "Give the copies different names and correct the description.");
        }

        return open;
    }

    private void RefuseUnreadable(XElement element, string target)
    {
        const string Download = "Copy the disk's contents into a file beside the description (qemu-img convert), and name that file there, with type='file'.";
        var source = element.Child("source");
        switch (element.AttributeText("type"))
        {
            case null or "file" or "block":
                break;
            case "network":
                throw LibvirtXmlSource.Unsupported(
                    path, $"attaches {target} over the network ({source?.AttributeText("protocol")} {source?.AttributeText("name")}), which is not supported.", Download);
            case "volume":
                throw LibvirtXmlSource.Unsupported(
                    path, $"attaches the volume {source?.AttributeText("volume")} of the pool {source?.AttributeText("pool")} as {target}, and only the source host's libvirt knows where it is.",
                    "Replace it in the description by the path that 'virsh vol-path' shows: type='file' and <source file='PATH'/>.");
            case var type:
                throw LibvirtXmlSource.Unsupported(path, $"attaches {target} by the type {type}, which is not supported.", Download);
        }

        if (element.Child("encryption") is not null || source?.Child("encryption") is not null)
        {
            throw LibvirtXmlSource.Unsupported(
                path, $"attaches {target} encrypted by libvirt.", "Decrypt it into a file beside the description with 'qemu-img convert', and name that file there.");
        }

        if (source?.Child("slices") is not null)
        {
            throw LibvirtXmlSource.Unsupported(path, $"attaches a part of a file as {target}, which is not supported.", Download);
        }
    }

    /// <summary>
    /// The format is what the description says, never what the content looks like, which a guest can write itself: a raw disk whose guest
    /// made it begin like a qcow2 image could otherwise have any file of the host copied into it. Null lets the content decide.
    /// </summary>
    private string? FormatOf(XElement element, string target, Func<DiskFile> open)
    {
        var driver = element.Child("driver");
        // Xen's blktap names the format "aio" when there is none; its drivers "file" and "phy" know no other.
        var format = driver?.AttributeText("type")?.ToLowerInvariant() switch
        {
            "aio" or "phy" or "file" => "raw",
            "vpc" => "vhd",
            null when driver?.AttributeText("name") is "file" or "phy" => "raw",
            var type => type,
        };
        if (format is not null || !RawByDefault.Contains(domain.AttributeText("type")))
        {
            return format;
        }

        using var image = open();
        return DiskFormat.Probe(image).Name is var found and not "raw"
            ? throw LibvirtXmlSource.Unsupported(
                path, $"does not tell the format of {target}, which means raw, but {image.Path} looks like {found}.",
                $"Write <driver type='{found}'/> (or raw) into the disk element.")
            : "raw";
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
