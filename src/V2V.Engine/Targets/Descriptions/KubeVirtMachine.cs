using System.Globalization;
using V2V.Engine.Conversion;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Libvirt;

namespace V2V.Engine.Targets.Descriptions;

/// <summary>
/// A VirtualMachine of KubeVirt (kubevirt.io/v1), which does not run before somebody starts it, and for each disk a DataVolume
/// (cdi.kubevirt.io/v1beta1) that waits for the disk's upload.
/// </summary>
internal sealed class KubeVirtMachine : GuestDescription
{
    private const string Platform = "KubeVirt";

    /// <summary>The cluster's own network, of which a machine can have one adapter.</summary>
    private const string PodNetwork = "pod";

    public override string Suffix => ".yaml";

    public static string Volume(DomainDescription domain, int disk) => $"{domain.Name}-sd{TargetNames.Letters(disk)}";

    public override IEnumerable<Concern> CheckName(string name) =>
        KubeNames.IsName(name) ? [] : [PlatformLimits.InvalidName(name, Platform, KubeNames.Rule)];

    public override IEnumerable<Concern> Check(DomainDescription domain)
    {
        foreach (var concern in PlatformLimits.Check(domain, Platform).Concat(CheckNetworks(domain)))
        {
            yield return concern;
        }

        var hardware = domain.Hardware;
        if (hardware.DiskBus is DiskBus.Ide or DiskBus.Pvscsi or DiskBus.LsiSas)
        {
            yield return PlatformLimits.NoSuchBus(hardware.DiskBus, Platform);
        }

        if (hardware.NetworkModel == NetworkModel.Vmxnet3 && domain.Networks.Count > 0)
        {
            yield return PlatformLimits.OtherAdapter(hardware.NetworkModel, "e1000e", Platform);
        }

        if (hardware.IsPc)
        {
            yield return new Concern(
                ConcernSeverity.Warning, "MachineNotOffered", "The guest needs the machine type pc, which KubeVirt offers only where it was allowed.",
                "Add \"pc*\" to spec.configuration.architectureConfiguration.amd64.emulatedMachines of the cluster's KubeVirt.");
        }

        if (hardware.ClockIsLocalTime)
        {
            yield return PlatformLimits.OtherClock(
                wantsLocalTime: true, Platform, "Put the guest's time zone into the manifest, spec.template.spec.domain.clock: timezone: \"Europe/Berlin\" in place of utc.");
        }
    }

    public override string Text(DomainDescription domain)
    {
        var yaml = new YamlWriter();
        yaml.Comment($"The guest {domain.Name}, for kubectl apply; {domain.Name}{KubeVirtUpload.FileSuffix} does that and uploads the disks.");
        for (var i = 0; i < domain.Disks.Count; i++)
        {
            DataVolume(yaml, domain, i);
        }

        yaml.Document();
        yaml.Text("apiVersion", "kubevirt.io/v1");
        yaml.Text("kind", "VirtualMachine");
        yaml.Mapping("metadata", () => yaml.Text("name", domain.Name));
        yaml.Mapping("spec", () =>
        {
            yaml.Text("runStrategy", "Halted");
            yaml.Mapping("template", () =>
            {
                yaml.Mapping("metadata", () => yaml.Mapping("labels", () => yaml.Text("kubevirt.io/domain", domain.Name)));
                yaml.Mapping("spec", () => Machine(yaml, domain));
            });
        });
        return yaml.ToString();
    }

    /// <summary>
    /// With "storage" the size is what the guest sees, and CDI adds what the volume's file system takes. The annotation has the volume made
    /// also where the storage class waits for a machine that uses it.
    /// </summary>
    private static void DataVolume(YamlWriter yaml, DomainDescription domain, int disk)
    {
        yaml.Document();
        yaml.Text("apiVersion", "cdi.kubevirt.io/v1beta1");
        yaml.Text("kind", "DataVolume");
        yaml.Mapping("metadata", () =>
        {
            yaml.Text("name", Volume(domain, disk));
            yaml.Mapping("annotations", () => yaml.Text("cdi.kubevirt.io/storage.bind.immediate.requested", "true"));
        });
        yaml.Mapping("spec", () =>
        {
            yaml.Mapping("source", () => yaml.Empty("upload"));
            yaml.Mapping("storage", () =>
            {
                yaml.Comment("ReadWriteMany lets the machine migrate, where the storage class has it; volumeMode can be Block, too.");
                yaml.Texts("accessModes", "ReadWriteOnce");
                yaml.Text("volumeMode", "Filesystem");
                yaml.Mapping("resources", () => yaml.Mapping("requests", () =>
                    yaml.Text("storage", domain.Source.Disks[disk].Capacity.ToString(CultureInfo.InvariantCulture))));
            });
        });
    }

    private static void Machine(YamlWriter yaml, DomainDescription domain)
    {
        yaml.Mapping("domain", () =>
        {
            Clock(yaml, domain);
            Processors(yaml, domain);
            yaml.Mapping("memory", () => yaml.Text("guest", $"{domain.Source.MemoryMiB.ToString(CultureInfo.InvariantCulture)}Mi"));
            yaml.Mapping("machine", () => yaml.Text("type", domain.Hardware.Machine));
            Firmware(yaml, domain);
            Features(yaml, domain);
            yaml.Mapping("devices", () => Devices(yaml, domain));
        });
        yaml.List("networks", domain.Networks.Index(), n =>
        {
            yaml.Text("name", Adapter(n.Index));
            if (IsPod(n.Item))
            {
                yaml.Empty("pod");
            }
            else
            {
                yaml.Mapping("multus", () => yaml.Text("networkName", n.Item.Name));
            }
        });
        yaml.List("volumes", Enumerable.Range(0, domain.Disks.Count), i =>
        {
            yaml.Text("name", Disk(i));
            yaml.Mapping("dataVolume", () => yaml.Text("name", Volume(domain, i)));
        });
    }

    private static void Clock(YamlWriter yaml, DomainDescription domain) => yaml.Mapping("clock", () =>
    {
        if (domain.Hardware.ClockIsLocalTime)
        {
            yaml.Comment("The guest expects local time: write timezone: \"Europe/Berlin\", or what its zone is, in place of utc.");
        }

        yaml.Empty("utc");
        yaml.Mapping("timer", () =>
        {
            yaml.Mapping("hpet", () => yaml.Boolean("present", false));
            yaml.Mapping("pit", () => yaml.Text("tickPolicy", "delay"));
            yaml.Mapping("rtc", () => yaml.Text("tickPolicy", "catchup"));
            if (HasHyperV(domain))
            {
                yaml.Mapping("hyperv", () => yaml.Boolean("present", true));
            }
        });
    });

    private static void Processors(YamlWriter yaml, DomainDescription domain) => yaml.Mapping("cpu", () =>
    {
        var topology = domain.CpuTopology ?? new CpuTopology(domain.Source.CpuCount, CoresPerSocket: 1);
        yaml.Number("sockets", topology.Sockets);
        yaml.Number("cores", topology.CoresPerSocket);
        yaml.Number("threads", topology.ThreadsPerCore);
    });

    /// <summary>Secure boot is on unless it is switched off. The NVRAM starts empty: a converted guest needs no entries in it.</summary>
    private static void Firmware(YamlWriter yaml, DomainDescription domain) => yaml.Mapping("firmware", () => yaml.Mapping("bootloader", () =>
    {
        if (domain.Hardware.Firmware == Sources.Firmware.Uefi)
        {
            yaml.Mapping("efi", () => yaml.Boolean("secureBoot", domain.Source.SecureBoot));
        }
        else
        {
            yaml.Empty("bios");
        }
    }));

    private static void Features(YamlWriter yaml, DomainDescription domain) => yaml.Mapping("features", () =>
    {
        yaml.Empty("acpi");
        if (domain.Hardware.Firmware == Sources.Firmware.Uefi && domain.Source.SecureBoot)
        {
            yaml.Mapping("smm", () => yaml.Boolean("enabled", true));
        }

        if (HasHyperV(domain))
        {
            yaml.Mapping("hyperv", () => HyperV(yaml, domain));
        }
    });

    private static void HyperV(YamlWriter yaml, DomainDescription domain)
    {
        yaml.Empty("relaxed");
        yaml.Empty("vapic");
        yaml.Mapping("spinlocks", () => yaml.Number("spinlocks", 8191));
        if (!DomainXml.IsWindowsBefore(domain, 6, 1))
        {
            foreach (var name in new[] { "vpindex", "runtime", "synic", "frequencies", "tlbflush", "ipi" })
            {
                yaml.Empty(name);
            }

            yaml.Mapping("synictimer", () => yaml.Empty("direct"));
        }
    }

    private static void Devices(YamlWriter yaml, DomainDescription domain)
    {
        if (!domain.Hardware.Virtio10)
        {
            yaml.Boolean("useVirtioTransitional", true);
        }

        yaml.Boolean("autoattachMemBalloon", domain.Hardware.HasBalloon);
        if (domain.Hardware.HasRandomGenerator)
        {
            yaml.Empty("rng");
        }

        if (domain.Source.HasTpm)
        {
            yaml.Mapping("tpm", () => yaml.Boolean("persistent", true));
        }

        yaml.List("disks", Enumerable.Range(0, domain.Disks.Count), i =>
        {
            yaml.Text("name", Disk(i));
            yaml.Mapping("disk", () => yaml.Text("bus", domain.Hardware.DiskBus switch { DiskBus.Virtio => "virtio", DiskBus.VirtioScsi => "scsi", _ => "sata" }));
            yaml.Number("bootOrder", domain.BootOrder(i));
        });
        yaml.List("inputs", ["tablet"], name =>
        {
            yaml.Text("name", name);
            yaml.Text("type", "tablet");
            yaml.Text("bus", "usb");
        });
        yaml.List("interfaces", domain.Networks.Index(), n =>
        {
            yaml.Text("name", Adapter(n.Index));
            yaml.Text("macAddress", n.Item.MacAddress);
            yaml.Text("model", domain.Hardware.NetworkModel switch
            {
                NetworkModel.Virtio => "virtio",
                NetworkModel.E1000 => "e1000",
                NetworkModel.Rtl8139 => "rtl8139",
                _ => "e1000e",
            });
            yaml.Empty(IsPod(n.Item) ? "masquerade" : "bridge");
        });
    }

    private static IEnumerable<Concern> CheckNetworks(DomainDescription domain)
    {
        const string Advice = "Say with -Network, -NetworkMap or -MacMap which NetworkAttachmentDefinition each adapter is connected to; one can be on the network 'pod'.";
        foreach (var name in domain.Networks.Where(n => !IsPod(n) && !KubeNames.IsReference(n.Name)).Select(n => n.Name).Distinct())
        {
            yield return new Concern(
                ConcernSeverity.Critical, "NetworkInvalid", $"KubeVirt can have no network of the name \"{name}\": {KubeNames.Rule}, with NAMESPACE/ before it or not.", Advice);
        }

        if (domain.Networks.Count(IsPod) > 1)
        {
            yield return new Concern(
                ConcernSeverity.Critical, "NetworkInvalid", $"{domain.Networks.Count(IsPod)} adapters would be on the pod network, where KubeVirt allows one.", Advice);
        }
    }

    /// <summary>libvirt's usual network has the same use: a way out by NAT.</summary>
    private static bool IsPod(DomainNetwork network) => network is { IsBridge: false, Name: PodNetwork or "default" };

    private static bool HasHyperV(DomainDescription domain) => DomainXml.IsWindows(domain) && !DomainXml.IsWindowsBefore(domain, 6, 0);

    private static string Disk(int index) => $"sd{TargetNames.Letters(index)}";

    private static string Adapter(int index) => string.Create(CultureInfo.InvariantCulture, $"net{index}");
}
