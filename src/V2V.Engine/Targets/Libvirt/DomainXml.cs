using System.Globalization;
using System.Reflection;
using System.Xml.Linq;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>
/// The libvirt domain for a converted guest (https://libvirt.org/formatdomain.html). PCI addresses, controllers and firmware files are left
/// to libvirt, which knows what its host has.
/// </summary>
public static class DomainXml
{
    private const int MaximumPlainCpus = 255;

    private static readonly XNamespace Libosinfo = "http://libosinfo.org/xmlns/libvirt/domain/1.0";

    private static readonly string Version =
        typeof(DomainXml).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    /// <exception cref="TargetException">The hardware asked for cannot be put into one machine.</exception>
    public static XDocument Build(DomainDescription domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        var source = domain.Source;
        var memory = checked(source.MemoryMiB * 1024).ToString(CultureInfo.InvariantCulture);
        return new XDocument(
            new XElement("domain",
                new XAttribute("type", domain.DomainType),
                new XComment($" converted by V2V {Version} "),
                new XElement("name", XmlText.Clean(domain.Name)),
                source.GenerationId is { } id ? new XElement("genid", id.ToString("D")) : null,
                Title(domain),
                Description(source),
                Metadata(domain.OperatingSystem),
                new XElement("memory", new XAttribute("unit", "KiB"), memory),
                new XElement("currentMemory", new XAttribute("unit", "KiB"), memory),
                new XElement("vcpu", source.CpuCount),
                OperatingSystem(domain),
                Features(domain),
                Cpu(domain),
                Clock(domain),
                new XElement("on_poweroff", "destroy"),
                new XElement("on_reboot", "restart"),
                new XElement("on_crash", "restart"),
                DomainDevices.Build(domain)));
    }

    /// <summary>QEMU's name of the guest's processor architecture. 32-bit x86 guests run on the 64-bit machine, which can do more.</summary>
    internal static string Architecture(DomainDescription domain) => domain.OperatingSystem?.Architecture switch
    {
        null or "i386" or "i486" or "i586" or "i686" or "x86" or "amd64" => "x86_64",
        "arm64" => "aarch64",
        var other => other,
    };

    internal static bool IsX86(DomainDescription domain) => Architecture(domain) == "x86_64";

    internal static bool IsWindows(DomainDescription domain) => domain.OperatingSystem?.Family == OperatingSystemFamily.Windows;

    /// <summary>Windows before this version of NT; false for one whose version is not known, and for other systems.</summary>
    internal static bool IsWindowsBefore(DomainDescription domain, int major, int minor) =>
        IsWindows(domain) && domain.OperatingSystem is { MajorVersion: > 0 and var m, MinorVersion: var n } && (m, n).CompareTo((major, minor)) < 0;

    /// <summary>
    /// More than the eight bits of an interrupt's address can tell apart; QEMU then needs a remapping IOMMU, and an APIC of its own
    /// (https://libvirt.org/formatdomain.html#iommu-devices).
    /// </summary>
    internal static bool NeedsInterruptRemapping(DomainDescription domain) => IsX86(domain) && domain.Source.CpuCount > MaximumPlainCpus;

    /// <summary>Vista and 2008 are the first that look whether Hyper-V is there, and only KVM can play its part.</summary>
    private static bool HasHyperV(DomainDescription domain) => IsWindows(domain) && IsKvm(domain) && !IsWindowsBefore(domain, 6, 0);

    private static bool IsKvm(DomainDescription domain) => domain.DomainType == "kvm";

    /// <summary>The name that the guest had where it comes from, when it gets another.</summary>
    private static XElement? Title(DomainDescription domain)
    {
        var title = string.Join(' ', XmlText.Clean(domain.Source.Name).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return title.Length == 0 || title == domain.Name ? null : new XElement("title", title);
    }

    private static XElement? Description(SourceGuest source) =>
        XmlText.Clean(source.Annotation ?? "").Trim() is { Length: > 0 } text ? new XElement("description", text) : null;

    /// <summary>Management tools take the guest's icon and defaults for later changes from it.</summary>
    private static XElement? Metadata(OperatingSystemInfo? operatingSystem) => operatingSystem?.LibosinfoId is { } id
        ? new XElement("metadata",
            new XElement(Libosinfo + "libosinfo",
                new XAttribute(XNamespace.Xmlns + "libosinfo", Libosinfo.NamespaceName),
                new XElement(Libosinfo + "os", new XAttribute("id", id))))
        : null;

    /// <summary>
    /// libvirt picks loader and NVRAM template by itself. Secure boot is said explicitly both ways, since a guest that never had it may not
    /// start under it; switched on it needs the vendors' keys enrolled, or nothing would be verified.
    /// </summary>
    private static XElement OperatingSystem(DomainDescription domain)
    {
        var type = new XElement("type",
            new XAttribute("arch", Architecture(domain)), new XAttribute("machine", domain.Hardware.Machine), "hvm");
        if (domain.Hardware.Firmware == Firmware.Bios)
        {
            return new XElement("os", type, DirectBoot(domain.DirectBoot));
        }

        var secure = domain.Source.SecureBoot;
        return new XElement("os",
            new XAttribute("firmware", "efi"),
            type,
            IsX86(domain)
                ? new XElement("firmware",
                    secure ? FirmwareFeature("enrolled-keys", true) : null,
                    FirmwareFeature("secure-boot", secure))
                : null);
    }

    private static IEnumerable<XElement> DirectBoot(DomainDirectBoot? boot)
    {
        if (boot is not null)
        {
            yield return new XElement("kernel", boot.Kernel);
            if (boot.Initramfs is not null)
            {
                yield return new XElement("initrd", boot.Initramfs);
            }

            yield return new XElement("cmdline", XmlText.Clean(boot.CommandLine));
        }
    }

    private static XElement FirmwareFeature(string name, bool enabled) =>
        new("feature", new XAttribute("enabled", enabled ? "yes" : "no"), new XAttribute("name", name));

    private static XElement Features(DomainDescription domain)
    {
        var features = new XElement("features", new XElement("acpi"));
        if (IsX86(domain))
        {
            features.Add(new XElement("apic"));
            if (HasHyperV(domain) && HyperV(domain) is { HasElements: true } hyperV)
            {
                features.Add(hyperV);
            }

            if (NeedsInterruptRemapping(domain))
            {
                features.Add(new XElement("ioapic", new XAttribute("driver", "qemu")));
            }

            // Emulates VMware's back door port, which a guest's leftover tools would otherwise take for a VMware host.
            features.Add(new XElement("vmport", new XAttribute("state", "off")));
            if (domain.Hardware.Firmware == Firmware.Uefi && domain.Source.SecureBoot)
            {
                // Secure boot keeps its variables out of the kernel's reach by this.
                features.Add(new XElement("smm", new XAttribute("state", "on")));
            }
        }

        return features;
    }

    /// <summary>
    /// What QEMU's documentation (system/i386/hyperv) advises: everything but what is for debugging, for nested hypervisors or for one kind of
    /// processor. The first version of the interface (Vista, 2008) has three of them. What the host's KVM or QEMU is too old for is left out, with
    /// what builds upon it.
    /// </summary>
    private static XElement HyperV(DomainDescription domain)
    {
        var hyperV = new XElement("hyperv");
        bool Has(string name) => hyperV.Element(name) is not null;
        void Add(string name, bool isWanted, params object[] content)
        {
            if (isWanted && domain.Host.HyperVFeatures?.Contains(name) != false)
            {
                hyperV.Add(new XElement(name, new XAttribute("state", "on"), content));
            }
        }

        var isSecond = !IsWindowsBefore(domain, 6, 1);
        Add("relaxed", true);
        Add("vapic", true);
        Add("spinlocks", true, new XAttribute("retries", 8191));
        Add("vpindex", isSecond);
        Add("runtime", isSecond);
        Add("synic", Has("vpindex"));
        Add("stimer", Has("synic"), new XElement("direct", new XAttribute("state", "on")));
        Add("frequencies", isSecond);
        Add("tlbflush", Has("vpindex"));
        Add("ipi", Has("vpindex"));
        return hyperV;
    }

    /// <summary>
    /// The host's own model, under emulation the most that QEMU can emulate: the default there lacks what current distributions are built for
    /// (x86-64-v2).
    /// </summary>
    private static XElement? Cpu(DomainDescription domain)
    {
        // ARM hosts have no named models.
        string[] wanted = !IsKvm(domain) ? ["maximum"] : IsX86(domain) ? ["host-model", "host-passthrough"] : ["host-passthrough"];
        var mode = wanted.FirstOrDefault(m => domain.Host.CpuModes?.Contains(m) != false);
        var cpu = new XElement("cpu", mode is null ? null : new XAttribute("mode", mode));
        if (domain.CpuTopology is { } topology)
        {
            cpu.Add(new XElement("topology",
                new XAttribute("sockets", topology.Sockets),
                new XAttribute("cores", topology.CoresPerSocket),
                new XAttribute("threads", topology.ThreadsPerCore)));
        }

        return cpu.HasAttributes || cpu.HasElements ? cpu : null;
    }

    private static XElement Clock(DomainDescription domain)
    {
        var clock = new XElement("clock", new XAttribute("offset", domain.Hardware.ClockIsLocalTime ? "localtime" : "utc"));
        if (!IsX86(domain))
        {
            return clock;
        }

        XElement Timer(string name, string attribute, string value) => new("timer", new XAttribute("name", name), new XAttribute(attribute, value));
        clock.Add(Timer("rtc", "tickpolicy", "catchup"), Timer("pit", "tickpolicy", "delay"), Timer("hpet", "present", "no"));
        if (HasHyperV(domain))
        {
            clock.Add(Timer("hypervclock", "present", "yes"));
        }

        return clock;
    }
}
