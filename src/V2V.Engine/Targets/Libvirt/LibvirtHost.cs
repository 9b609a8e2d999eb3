using System.Globalization;
using System.Xml.Linq;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Native.Libvirt;
using V2V.Engine.Sources.Libvirt;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>What the host behind a connection offers to domains (formatcaps, formatdomaincaps).</summary>
internal sealed class LibvirtHost(ConnectHandle connect, string uri)
{
    private const string VhostVsock = "/dev/vhost-vsock";

    /// <summary>A daemon that is only started by this may take long; what lies on the way gives up sooner.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>The kinds of domain that V2V makes, the best first.</summary>
    private static readonly string[] KnownDomainTypes = ["kvm", "qemu"];

    private readonly Dictionary<(string? DomainType, string Architecture, string Machine), HostCapabilities> _known = [];
    private readonly Lazy<XElement> _capabilities = new(() => XElement.Parse(VirConnectGetCapabilities.Call(connect, uri)));

    /// <summary>The host as libvirt describes it (formatcaps).</summary>
    public XElement Description => _capabilities.Value;

    /// <exception cref="LibvirtException">Nothing answers at the URI, or it does not let this user in.</exception>
    /// <exception cref="OperationCanceledException">The conversion was given up meanwhile (<see cref="RemoteReads"/>).</exception>
    public static ConnectHandle Connect(string uri)
    {
        var opened = LibvirtUri.Parse(uri).ForOpening(new RemoteAccess());
        try
        {
            return LibvirtCall.Run(_ => VirConnectOpen.Call(opened), Patience, RemoteReads.Cancellation);
        }
        catch (TimeoutException)
        {
            throw new LibvirtException(V2VError.LibvirtUnavailable, $"libvirt at {uri} has not answered for {Patience.TotalMinutes:0} minutes.")
            {
                Path = uri,
                Advice = "Check that the libvirt daemon runs there, and that the host can be reached.",
            };
        }
    }

    /// <param name="domainType">"kvm" or "qemu"; null takes the best that there is.</param>
    /// <param name="architecture">Of the guest's processor: "x86_64".</param>
    /// <param name="machine">"q35", "pc".</param>
    public HostCapabilities Capabilities(string? domainType, string architecture, string machine)
    {
        var key = (domainType, architecture, machine);
        if (!_known.TryGetValue(key, out var known))
        {
            _known[key] = known = Ask(domainType, architecture, machine);
        }

        return known;
    }

    private HostCapabilities Ask(string? domainType, string architecture, string machine)
    {
        var guests = _capabilities.Value.Elements("guest")
            .Where(g => (string?)g.Element("os_type") == "hvm")
            .Elements("arch")
            .Where(a => (string?)a.Attribute("name") == architecture)
            .ToList();
        var offered = guests.Elements("domain").Select(d => (string?)d.Attribute("type")).ToHashSet();
        var machines = guests.Descendants("machine").Select(m => m.Value).ToHashSet();
        var types = KnownDomainTypes.Where(offered.Contains).ToList();
        var type = domainType ?? types.FirstOrDefault();
        var capabilities = new HostCapabilities(types.Contains("kvm"), HasUefi: null)
        {
            Name = $"the host at {uri}",
            DomainTypes = types,
            DomainType = type,
            IsDomainTypeGiven = domainType is not null,
            HasMachine = machines.Count == 0 ? null : machines.Contains(machine),
            // Only the host itself can be looked at: libvirt does not tell.
            HasVsock = LibvirtUri.Parse(uri).IsLocal ? File.Exists(VhostVsock) : null,
        };
        return type is null || !types.Contains(type) || VirConnectGetDomainCapabilities.Call(connect, architecture, machine, type) is not { } xml
            ? capabilities
            : Read(XElement.Parse(xml), capabilities);
    }

    private static HostCapabilities Read(XElement domain, HostCapabilities capabilities)
    {
        var (os, devices) = (domain.Element("os"), domain.Element("devices"));
        var (tpm, hyperV) = (devices?.Element("tpm"), domain.Element("features")?.Element("hyperv"));
        return capabilities with
        {
            HasUefi = Values(os, "firmware")?.Contains("efi"),
            HasSecureBoot = HasSecureBoot(os),
            MaximumCpus = int.TryParse((string?)domain.Element("vcpu")?.Attribute("max"), NumberStyles.None, CultureInfo.InvariantCulture, out var most) ? most : null,
            CpuModes = domain.Element("cpu") is { } cpu ? [.. cpu.Elements("mode").Where(IsSupported).Select(m => (string?)m.Attribute("name")).OfType<string>()] : null,
            TpmModels = TpmModels(tpm),
            VideoModels = Values(devices?.Element("video"), "modelType"),
            HyperVFeatures = Values(hyperV, "features"),
            HasFloppy = Values(devices?.Element("disk"), "diskDevice")?.Contains("floppy"),
        };
    }

    /// <summary>libvirt tells of keys since 12.1, and before only whether there is firmware that keeps its variables safe.</summary>
    private static bool? HasSecureBoot(XElement? os) => os?.Element("firmwareFeatures") is { } features
        ? Values(features, "secureBoot")?.Contains("yes") == true && Values(features, "enrolledKeys")?.Contains("yes") == true
        : Values(os?.Element("loader"), "secure")?.Contains("yes");

    /// <summary>The emulated TPM is a program of its own (swtpm), which may be missing. Versions before 8.0 do not say which versions of TPM it has.</summary>
    private static IReadOnlyList<string> TpmModels(XElement? tpm) =>
        Values(tpm, "backendModel")?.Contains("emulator") == true && Values(tpm, "backendVersion")?.Contains("2.0") != false
            ? Values(tpm, "model") ?? []
            : [];

    /// <summary>The values of an enumeration, none if what has it is not supported; null when the host does not list them.</summary>
    private static IReadOnlyList<string>? Values(XElement? element, string enumeration) => element is null
        ? null
        : !IsSupported(element)
            ? []
            : element.Elements("enum").FirstOrDefault(e => (string?)e.Attribute("name") == enumeration) is { } values
                ? [.. values.Elements("value").Select(v => v.Value)]
                : null;

    private static bool IsSupported(XElement element) => (string?)element.Attribute("supported") == "yes";
}
