using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Ovf;

/// <summary>Makes a <see cref="SourceGuest"/> of an OVF package.</summary>
internal static class OvfGuest
{
    private const int MaximumCpus = 4096;

    public static SourceGuest Read(OvfPackage package, string path, string kind, CancellationToken cancellation)
    {
        var content = package.ReadDescriptor();
        var manifest = package.ReadManifest();
        List<Concern> concerns = [];
        if (manifest is not null)
        {
            concerns.AddRange(manifest.Concerns);
            CheckDescriptor(package, manifest, content);
        }

        var descriptor = OvfDescriptor.Parse(package.Descriptor.Path, content);
        cancellation.ThrowIfCancellationRequested();
        var hypervisor = OvfHypervisor.Find(descriptor);
        var cpus = ReadCpuCount(descriptor, concerns);
        var hasTpm = descriptor.Items.Any(i => i.SubType.Contains("vtpm", StringComparison.OrdinalIgnoreCase));
        if (hasTpm)
        {
            concerns.Add(SourceConcerns.TpmContentsStay);
        }

        return new SourceGuest
        {
            Name = ReadName(descriptor, path, concerns),
            SourceKind = kind,
            Path = path,
            Hypervisor = hypervisor,
            CpuCount = cpus,
            CpuTopology = ReadTopology(descriptor, cpus, concerns),
            MemoryMiB = ReadMemory(descriptor, cpus, concerns),
            Firmware = OvfFirmware.Read(descriptor),
            SecureBoot = OvfFirmware.HasSecureBoot(descriptor),
            HasTpm = hasTpm,
            GuestOsHint = ReadOperatingSystem(descriptor),
            Annotation = descriptor.System.Child("AnnotationSection")?.ChildText("Annotation"),
            SoundModel = ReadSound(descriptor),
            Disks = OvfDrives.ReadDisks(descriptor, package, manifest, concerns),
            RemovableDrives = OvfDrives.ReadRemovables(descriptor),
            NetworkAdapters = OvfNetworkAdapters.Read(descriptor, concerns),
            Concerns = concerns,
        };
    }

    /// <summary>The descriptor is read whole anyway, so that its digest is checked at once; those of the disks are checked during the conversion.</summary>
    private static void CheckDescriptor(OvfPackage package, OvfManifest manifest, byte[] content)
    {
        var name = StoreName.Base(package.Descriptor.Name);
        if (manifest[name] is { } digest)
        {
            new SourceDigest(name, digest.Algorithm, digest.Hex, () => throw new InvalidOperationException()).Verify(package.Descriptor.Path, content);
        }
    }

    private static string ReadName(OvfDescriptor descriptor, string path, List<Concern> concerns)
    {
        if ((descriptor.System.ChildText("Name") ?? descriptor.System.AttributeText("id")) is { } name)
        {
            return name;
        }

        concerns.Add(new Concern(ConcernSeverity.Warning, "NameFromFile", $"{descriptor.Path} does not name the guest; the file's name is used."));
        return SourceNames.FromPath(path);
    }

    private static int ReadCpuCount(OvfDescriptor descriptor, List<Concern> concerns)
    {
        var quantity = descriptor.Items.FirstOrDefault(i => i.ResourceType == OvfResource.Processor)?.Quantity;
        if (quantity is >= 1 and <= MaximumCpus)
        {
            return (int)quantity.Value;
        }

        concerns.Add(new Concern(ConcernSeverity.Warning, "ValueReplaced", $"{descriptor.Path} does not tell the number of CPUs; 1 is taken."));
        return 1;
    }

    private static CpuTopology? ReadTopology(OvfDescriptor descriptor, int cpus, List<Concern> concerns)
    {
        if (descriptor.Items.FirstOrDefault(i => i.ResourceType == OvfResource.Processor)?.CoresPerSocket is not { } cores || cores == 0)
        {
            return null;
        }

        if (cores < 1 || cores > cpus || cpus % cores != 0)
        {
            concerns.Add(SourceConcerns.TopologyIgnored(cpus, cores));
            return null;
        }

        return new CpuTopology((int)(cpus / cores), (int)cores);
    }

    private static long ReadMemory(OvfDescriptor descriptor, int cpus, List<Concern> concerns)
    {
        const long MiB = 1 << 20;
        if (descriptor.Items.FirstOrDefault(i => i.ResourceType == OvfResource.Memory) is not { Quantity: { } quantity } item)
        {
            return MemorySize.Read(descriptor.Path, written: null, bytes: null, cpus, concerns);
        }

        // Items without a unit come from writers that mean MiB, whatever the standard says.
        var unit = item.Units is null ? MiB : OvfUnits.Parse(item.Units);
        if (unit is null)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "MemoryUnitUnknown", $"{descriptor.Path} gives the memory in \"{item.Units}\", which is unknown; MiB are taken."));
            unit = MiB;
        }

        return MemorySize.Read(descriptor.Path, $"{quantity} x {item.Units ?? "MiB"}", OvfUnits.ToBytes(quantity, unit.Value), cpus, concerns);
    }

    private static string? ReadOperatingSystem(OvfDescriptor descriptor)
    {
        var section = descriptor.System.Child("OperatingSystemSection");
        return section?.AttributeText("osType") ?? section?.ChildText("OSType") ?? section?.ChildText("Description");
    }

    /// <summary>Sound devices go by many names; what matters is which of QEMU's is nearest.</summary>
    private static string? ReadSound(OvfDescriptor descriptor)
    {
        var device = descriptor.Items.FirstOrDefault(
            i => i.ResourceType == OvfResource.Sound || i.SubType.Contains("soundcard", StringComparison.OrdinalIgnoreCase));
        return device?.SubType.ToUpperInvariant() switch
        {
            null => null,
            var name when name.Contains("HDA", StringComparison.Ordinal) => "ich6",
            var name when name.Contains("ENSONIQ", StringComparison.Ordinal) || name.Contains("ES137", StringComparison.Ordinal) => "es1370",
            var name when name.Contains("AC97", StringComparison.Ordinal) || name.Contains("ICH", StringComparison.Ordinal) => "ac97",
            var name when name.Contains("SB16", StringComparison.Ordinal) => "sb16",
            _ => null,
        };
    }
}
