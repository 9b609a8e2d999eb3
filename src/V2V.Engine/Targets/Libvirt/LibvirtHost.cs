using System.Xml.Linq;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Native.Libvirt;
using V2V.Engine.Sources.Libvirt;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>What the host behind a connection offers to domains (formatcaps, formatdomaincaps).</summary>
internal sealed class LibvirtHost(ConnectHandle connect, string uri)
{
    private const string DefaultArchitecture = "x86_64";

    private readonly Lazy<XElement> _capabilities = new(() => XElement.Parse(VirConnectGetCapabilities.Call(connect, uri)));

    /// <summary>The host as libvirt describes it (formatcaps).</summary>
    public XElement Description => _capabilities.Value;

    /// <exception cref="LibvirtException">Nothing answers at the URI, or it does not let this user in.</exception>
    public static ConnectHandle Connect(string uri) => VirConnectOpen.Call(LibvirtUri.Parse(uri).ForOpening(new RemoteAccess()));

    /// <summary>"kvm" if the host has it, else "qemu", else the only kind that the driver knows; null when it cannot run the architecture.</summary>
    public string? DomainType(string architecture)
    {
        var offered = _capabilities.Value.Elements("guest")
            .Where(g => (string?)g.Element("os_type") == "hvm")
            .Elements("arch")
            .Where(a => (string?)a.Attribute("name") == architecture)
            .Elements("domain")
            .Select(d => (string?)d.Attribute("type"))
            .OfType<string>()
            .ToList();
        return offered.Contains("kvm") ? "kvm" : offered.Contains("qemu") ? "qemu" : offered.FirstOrDefault();
    }

    public HostCapabilities Capabilities(string? domainType)
    {
        var type = domainType ?? DomainType(DefaultArchitecture);
        var domain = type is null ? null : DomainCapabilities(DefaultArchitecture, "q35", type);
        bool? uefi = domain is null ? null : HasValue(domain.Element("os"), "firmware", "efi");
        return new HostCapabilities(HasKvm: type == "kvm", uefi);
    }

    public bool HasFloppy(DomainDescription domain, string domainType) =>
        HasValue(Devices(domain, domainType)?.Element("disk"), "diskDevice", "floppy");

    /// <summary>The emulated TPM is a program of its own (swtpm), which may be missing.</summary>
    public bool HasTpm(DomainDescription domain, string domainType) =>
        HasValue(Devices(domain, domainType)?.Element("tpm"), "backendModel", "emulator");

    private XElement? Devices(DomainDescription domain, string domainType) =>
        DomainCapabilities(DomainXml.Architecture(domain), domain.Hardware.Machine, domainType)?.Element("devices");

    private XElement? DomainCapabilities(string architecture, string machine, string domainType) =>
        VirConnectGetDomainCapabilities.Call(connect, architecture, machine, domainType) is { } xml ? XElement.Parse(xml) : null;

    private static bool HasValue(XElement? element, string enumeration, string value) =>
        (string?)element?.Attribute("supported") == "yes"
        && element.Elements("enum").Where(e => (string?)e.Attribute("name") == enumeration).Elements("value").Any(v => v.Value == value);
}
