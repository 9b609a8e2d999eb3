using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Sources.LibvirtXml;

/// <summary>A guest as libvirt describes it (https://libvirt.org/formatdomain.html): Xen, KVM, QEMU, and what else libvirt manages.</summary>
internal static class LibvirtXmlDomain
{
    public const string Format = "libvirt XML";

    private const int MaximumCpus = 4096;

    private static readonly string[] Containers = ["lxc", "openvz", "uml"];

    /// <param name="path">What messages call the description.</param>
    /// <param name="kind">What the guest's <see cref="SourceGuest.SourceKind"/> becomes.</param>
    /// <param name="domain">The description.</param>
    /// <param name="storage">Where its disks are looked for.</param>
    /// <exception cref="SourceException">It is malformed or uses what is not supported.</exception>
    /// <exception cref="DiskImageException">A disk cannot be read.</exception>
    public static SourceGuest Read(string path, string kind, XElement domain, LibvirtXmlStorage storage)
    {
        RefuseOthers(path, domain);
        List<Concern> concerns = [];
        var os = LibvirtXmlBoot.Read(path, domain, concerns);
        var cpus = ReadCpuCount(path, domain, concerns);
        var devices = domain.Child("devices") ?? new XElement("devices");
        List<SourceDisk> disks = [];
        List<RemovableDrive> removables = [];
        new LibvirtXmlDrives(path, domain, devices, storage).Read(disks, removables, concerns);
        if (domain.AttributeText("id") is not null)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "GuestMayBeRunning", $"{path} was written while the guest was running.", "Shut the guest down before it is converted."));
        }

        return new SourceGuest
        {
            Name = ReadName(path, domain, concerns),
            SourceKind = kind,
            Path = path,
            Hypervisor = ReadHypervisor(domain),
            CpuCount = cpus,
            CpuTopology = ReadTopology(domain, cpus, concerns),
            MemoryMiB = ReadMemory(path, domain, cpus, concerns),
            Firmware = os.Firmware,
            SecureBoot = os.SecureBoot,
            HasTpm = LibvirtXmlDevices.HasTpm(devices, concerns),
            GuestOsHint = domain.Child("metadata")?.Child("libosinfo")?.Child("os")?.AttributeText("id"),
            Annotation = domain.ChildText("description"),
            GenerationId = Guid.TryParse(domain.ChildText("genid"), out var id) ? id : null,
            ClockIsLocalTime = ClockIsLocalTime(domain),
            Display = LibvirtXmlDevices.ReadDisplay(devices),
            SoundModel = LibvirtXmlDevices.ReadSound(devices, concerns),
            Disks = disks,
            NetworkAdapters = LibvirtXmlNetworkAdapters.Read(devices, concerns),
            RemovableDrives = removables,
            Concerns = [.. concerns, .. LibvirtXmlDevices.Lost(devices)],
        };
    }

    public static SourceException Invalid(string path, string what) => new(V2VError.SourceInvalid, $"{path} {what}")
    {
        Path = path,
        Format = Format,
        Advice = "Write the description again with 'virsh dumpxml --inactive GUEST'.",
    };

    public static SourceException Unsupported(string path, string what, string advice) =>
        new(V2VError.SourceUnsupported, $"{path} {what}") { Path = path, Format = Format, Advice = advice };

    private static void RefuseOthers(string path, XElement domain)
    {
        if (domain.Name.LocalName != "domain")
        {
            var what = domain.Name.LocalName == "domstatus" ? "libvirt's record of a running guest" : "the description of a snapshot";
            throw Unsupported(path, $"is {what}, not of a guest.", "Save the guest's own description with 'virsh dumpxml --inactive GUEST'.");
        }

        var type = domain.AttributeText("type") ?? throw Invalid(path, "does not tell the type of the domain (kvm, xen, ...).");
        if (Containers.Contains(type) || domain.Child("os")?.ChildText("type") is "exe" or "uml")
        {
            throw Unsupported(path, $"describes a container ({type}), which has no kernel and no disks of its own.", "Only virtual machines can be converted.");
        }
    }

    private static string ReadName(string path, XElement domain, List<Concern> concerns)
    {
        if (domain.ChildText("name") is { } name)
        {
            return name;
        }

        concerns.Add(new Concern(ConcernSeverity.Warning, "NameFromFile", $"{path} does not name the guest; the file's name is used."));
        return SourceNames.FromPath(path);
    }

    private static string ReadHypervisor(XElement domain) => domain.AttributeText("type") switch
    {
        "xen" => "Xen",
        "kvm" => "KVM",
        "qemu" or "kqemu" => "QEMU",
        "vmware" => "VMware",
        "vbox" => "VirtualBox",
        "hyperv" => "Hyper-V",
        "parallels" or "vz" => "Parallels",
        var other => other ?? "Unknown",
    };

    /// <summary>The vcpu element has the most that the guest can have; its attribute "current" how many were switched on.</summary>
    private static int ReadCpuCount(string path, XElement domain, List<Concern> concerns)
    {
        if (domain.ChildText("vcpu") is not { } text)
        {
            var topology = Topology(domain);
            var product = topology is null ? 1 : (long)topology.Sockets * topology.CoresPerSocket * topology.ThreadsPerCore;
            return product is >= 1 and <= MaximumCpus ? (int)product : 1;
        }

        if (Number(text, MaximumCpus) is not { } cpus)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "ValueReplaced", $"{path} sets vcpu to \"{Short(text)}\", which is not between 1 and {MaximumCpus}; 1 is taken."));
            return 1;
        }

        if (Number(domain.Child("vcpu")!.AttributeText("current"), cpus) is { } current && current < cpus)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Information, "CpusOffline", $"{current} of the guest's {cpus} CPUs were switched on; the converted guest gets all of them."));
        }

        return cpus;
    }

    private static CpuTopology? ReadTopology(XElement domain, int cpus, List<Concern> concerns)
    {
        if (Topology(domain) is not { } topology)
        {
            return null;
        }

        if ((long)topology.Sockets * topology.CoresPerSocket * topology.ThreadsPerCore == cpus)
        {
            return topology;
        }

        concerns.Add(SourceConcerns.TopologyIgnored(cpus, topology.CoresPerSocket));
        return null;
    }

    /// <summary>Dies and clusters, which libvirt knows between socket and core, are counted as cores of the socket.</summary>
    private static CpuTopology? Topology(XElement domain)
    {
        if (domain.Child("cpu")?.Child("topology") is not { } element)
        {
            return null;
        }

        int? Count(string name, int? otherwise) => element.AttributeText(name) is { } text ? Number(text, MaximumCpus) : otherwise;
        return (Count("sockets", null), Count("dies", 1), Count("clusters", 1), Count("cores", null), Count("threads", null)) is
            ({ } sockets, { } dies, { } clusters, { } cores, { } threads) && (long)dies * clusters * cores <= MaximumCpus
            ? new CpuTopology(sockets, dies * clusters * cores, threads)
            : null;
    }

    private static long ReadMemory(string path, XElement domain, int cpus, List<Concern> concerns)
    {
        var element = domain.Child("memory");
        var (number, unit) = (element?.Value.Trim(), element?.AttributeText("unit"));
        return MemorySize.Read(
            path, number is null ? null : $"{number} {unit ?? "KiB"}", number is null ? null : LibvirtXmlUnits.ToBytes(number, unit), cpus, concerns);
    }

    private static bool ClockIsLocalTime(XElement domain) =>
        domain.Child("clock") is { } clock && (clock.AttributeText("offset"), clock.AttributeText("basis")) is ("localtime", _) or ("variable", "localtime");

    private static int? Number(string? text, int maximum) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= maximum ? number : null;

    private static string Short(string text) => text.Length <= 40 ? text : text[..40] + "...";
}
