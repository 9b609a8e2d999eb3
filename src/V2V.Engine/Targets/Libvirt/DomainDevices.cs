using System.Xml.Linq;
using V2V.Engine.Conversion;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>The devices element of a domain, but for its drives, which are in <see cref="DomainDrives"/>.</summary>
internal static class DomainDevices
{
    private const string VirtioTransitional = "virtio-transitional";

    /// <summary>Sound devices that both QEMU emulates and a source can have had.</summary>
    private static readonly string[] SoundModels = ["ac97", "es1370", "ich6", "ich9", "sb16"];

    public static XElement Build(DomainDescription domain) =>
        new("devices",
            DomainDrives.Build(domain),
            Controllers(domain),
            domain.Networks.Select((network, index) => Interface(network, index, domain)),
            SerialConsole(),
            GuestAgent(),
            Input("tablet"),
            DomainXml.IsX86(domain) ? null : Input("keyboard"),
            domain.Source.HasTpm ? Tpm(domain) : null,
            new XElement("graphics", new XAttribute("type", "vnc"), new XAttribute("autoport", "yes")),
            Sound(domain),
            new XElement("video", new XElement("model", new XAttribute("type", VideoModel(domain)))),
            Balloon(domain),
            RandomGenerator(domain),
            DomainXml.NeedsInterruptRemapping(domain) ? InterruptRemapping() : null,
            domain.Hardware.HasPanicDevice && DomainXml.IsX86(domain)
                ? new XElement("panic", new XAttribute("model", "isa"),
                    new XElement("address", new XAttribute("type", "isa"), new XAttribute("iobase", "0x505")))
                : null,
            domain.Hardware.HasVsock
                ? new XElement("vsock", new XAttribute("model", VirtioModel(domain)), new XElement("cid", new XAttribute("auto", "yes")))
                : null);

    /// <summary>
    /// "virtio", but on PCI Express (q35), where it would mean modern devices only, guests that know nothing but the legacy interface need the
    /// transitional ones.
    /// </summary>
    public static string VirtioModel(DomainDescription domain) =>
        !domain.Hardware.Virtio10 && domain.Hardware.IsQ35 ? VirtioTransitional : "virtio";

    private static bool IsTransitional(DomainDescription domain) => VirtioModel(domain) == VirtioTransitional;

    private static IEnumerable<XElement> Controllers(DomainDescription domain)
    {
        if (ScsiModel(domain) is { } model)
        {
            // libvirt adds those that are missing by itself, but of a model of its own choice.
            for (var i = 0; i < DomainDrives.ScsiControllers(domain); i++)
            {
                yield return Controller("scsi", model, i);
            }
        }

        foreach (var controller in UsbControllers(domain))
        {
            yield return controller;
        }

        yield return IsTransitional(domain) ? Controller("virtio-serial", VirtioTransitional) : Controller("virtio-serial", null);
    }

    /// <summary>
    /// libvirt's choice but for Windows before 8, which has no driver for xHCI, the choice for q35: that has USB 2.0 then, with its companions for
    /// USB 1.1. On the pc machine libvirt takes USB 1.1, which every Windows drives.
    /// </summary>
    private static IEnumerable<XElement> UsbControllers(DomainDescription domain)
    {
        if (!DomainXml.IsWindowsBefore(domain, 6, 2) || !domain.Hardware.IsQ35)
        {
            yield break;
        }

        yield return Controller("usb", "ich9-ehci1");
        for (var i = 0; i < 3; i++)
        {
            var companion = Controller("usb", $"ich9-uhci{i + 1}");
            companion.Add(new XElement("master", new XAttribute("startport", i * 2)));
            yield return companion;
        }
    }

    /// <summary>
    /// Windows XP and 2003 have a driver for Cirrus' adapter, and without one they show 640 by 480 points. Later ones have none, and show more on any other.
    /// </summary>
    internal static string VideoModel(DomainDescription domain) =>
        !DomainXml.IsX86(domain) ? "virtio" : DomainXml.IsWindowsBefore(domain, 6, 0) && domain.Host.VideoModels?.Contains("cirrus") != false ? "cirrus" : "vga";

    private static XElement InterruptRemapping() =>
        new("iommu",
            new XAttribute("model", "intel"),
            new XElement("driver", new XAttribute("intremap", "on"), new XAttribute("eim", "on")));

    private static string? ScsiModel(DomainDescription domain) => domain.Hardware.DiskBus switch
    {
        DiskBus.VirtioScsi => IsTransitional(domain) ? VirtioTransitional : "virtio-scsi",
        DiskBus.Pvscsi => "vmpvscsi",
        DiskBus.LsiSas => "lsisas1068",
        _ => null,
    };

    private static XElement Controller(string type, string? model, int index = 0) =>
        new("controller", new XAttribute("type", type), new XAttribute("index", index), model is null ? null : new XAttribute("model", model));

    /// <summary>An adapter whose cable was out stays unplugged: whoever did that had a reason, such as an address that is used elsewhere.</summary>
    private static XElement Interface(DomainNetwork network, int index, DomainDescription domain)
    {
        var kind = network.IsBridge ? "bridge" : "network";
        var model = domain.Hardware.NetworkModel switch
        {
            NetworkModel.Virtio => VirtioModel(domain),
            NetworkModel.E1000 => "e1000",
            NetworkModel.E1000e => "e1000e",
            NetworkModel.Vmxnet3 => "vmxnet3",
            _ => "rtl8139",
        };
        return new XElement("interface",
            new XAttribute("type", kind),
            new XElement("mac", new XAttribute("address", network.MacAddress)),
            new XElement("source", new XAttribute(kind, XmlText.Clean(network.Name))),
            new XElement("model", new XAttribute("type", model)),
            domain.Source.NetworkAdapters.ElementAtOrDefault(index) is { IsConnected: false } ? new XElement("link", new XAttribute("state", "down")) : null);
    }

    private static IEnumerable<XElement> SerialConsole() =>
    [
        new("serial", new XAttribute("type", "pty"), new XElement("target", new XAttribute("port", 0))),
        new("console", new XAttribute("type", "pty"), new XElement("target", new XAttribute("type", "serial"), new XAttribute("port", 0))),
    ];

    /// <summary>Does nothing until the guest runs qemu-guest-agent.</summary>
    private static XElement GuestAgent() =>
        new("channel",
            new XAttribute("type", "unix"),
            new XElement("target", new XAttribute("type", "virtio"), new XAttribute("name", "org.qemu.guest_agent.0")));

    private static XElement Input(string type) => new("input", new XAttribute("type", type), new XAttribute("bus", "usb"));

    /// <summary>Windows and Linux drive both models; that of the current specification (CRB) exists on PCs only.</summary>
    private static XElement Tpm(DomainDescription domain) =>
        new("tpm",
            new XAttribute("model", DomainXml.IsX86(domain) && domain.Host.TpmModels?.Contains("tpm-crb") != false ? "tpm-crb" : "tpm-tis"),
            new XElement("backend", new XAttribute("type", "emulator"), new XAttribute("version", "2.0")));

    private static XElement? Sound(DomainDescription domain) =>
        domain.Source.SoundModel is { } model && SoundModels.Contains(model) && DomainXml.IsX86(domain)
            ? new XElement("sound", new XAttribute("model", model))
            : null;

    private static XElement Balloon(DomainDescription domain) =>
        new("memballoon", new XAttribute("model", domain.Hardware.HasBalloon ? VirtioModel(domain) : "none"));

    private static XElement? RandomGenerator(DomainDescription domain) => domain.Hardware.HasRandomGenerator
        ? new XElement("rng",
            new XAttribute("model", VirtioModel(domain)),
            new XElement("backend", new XAttribute("model", "random"), "/dev/urandom"))
        : null;
}
