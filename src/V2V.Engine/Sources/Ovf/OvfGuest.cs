namespace V2V.Engine.Sources.Ovf;

/// <summary>Makes a <see cref="SourceGuest"/> of an OVF package.</summary>
internal static class OvfGuest
{
    private const int MaximumCpus = 4096;

    /// <summary>Every guest of a package, in the descriptor's order.</summary>
    public static IReadOnlyList<SourceGuest> ReadAll(OvfPackage package, string path, string kind, SourceOptions options, CancellationToken cancellation)
    {
        var content = package.ReadDescriptor();
        var digests = new OvfDigests(package, content);
        List<Concern> common = [.. digests.Check()];
        var descriptors = OvfDescriptor.ParseAll(package.Descriptor.Path, content);
        List<SourceGuest> guests = [];
        foreach (var descriptor in descriptors)
        {
            cancellation.ThrowIfCancellationRequested();
            guests.Add(Read(descriptor, package, digests, path, kind, options, common));
        }

        return guests.Count == 1 ? guests : [.. guests.Select(g => WithSharedDisks(g, guests))];
    }

    private static SourceGuest Read(
        OvfDescriptor descriptor, OvfPackage package, OvfDigests digests, string path, string kind, SourceOptions options, IEnumerable<Concern> common)
    {
        List<Concern> concerns = [.. common];
        var hypervisor = OvfHypervisor.Find(descriptor);
        var cpus = ReadCpuCount(descriptor, concerns);
        var hasTpm = OvfFirmware.HasTpm(descriptor);
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
            MemoryMiB = OvfMemory.Read(descriptor, cpus, concerns),
            Firmware = OvfFirmware.Read(descriptor),
            SecureBoot = OvfFirmware.HasSecureBoot(descriptor),
            HasTpm = hasTpm,
            GuestOsHint = ReadOperatingSystem(descriptor),
            Annotation = descriptor.System.Child("AnnotationSection")?.ChildText("Annotation"),
            // VirtualBox writes the element when the clock is not its default, local time.
            ClockIsLocalTime = OvfHypervisor.VirtualBoxHardware(descriptor) is { } hardware && hardware.Child("RTC")?.AttributeText("localOrUTC") != "UTC",
            SoundModel = ReadSound(descriptor),
            Disks = new OvfDisks(descriptor, package, digests, options, concerns).Read(hypervisor),
            RemovableDrives = OvfDrives.ReadRemovables(descriptor),
            NetworkAdapters = OvfNetworkAdapters.Read(descriptor, concerns),
            Concerns = concerns,
        };
    }

    /// <summary>Guests of a cluster may share a disk; each converted one gets a copy of its own.</summary>
    private static SourceGuest WithSharedDisks(SourceGuest guest, List<SourceGuest> guests)
    {
        var shared = from disk in guest.Disks
                     where disk.Format != "empty"
                     from other in guests
                     where other != guest && other.Disks.Any(d => d.Path == disk.Path)
                     select new Concern(
                         ConcernSeverity.Warning, "DiskShared", $"{disk.Path} is a disk of {guest.Name} and of {other.Name}; each converted guest gets a copy of its own.",
                         "If the guests are to share it, let both use the same copy.");
        return guest with { Concerns = [.. guest.Concerns, .. shared] };
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

        if (quantity > MaximumCpus)
        {
            throw OvfDescriptor.Invalid(
                descriptor.Path, $"gives the guest {quantity} CPUs, which no machine has.",
                "Correct rasd:VirtualQuantity of the processor in the descriptor; if there is a manifest (.mf), delete it.");
        }

        concerns.Add(new Concern(ConcernSeverity.Warning, "ValueReplaced", $"{descriptor.Path} does not tell the number of CPUs; 1 is taken."));
        return 1;
    }

    private static CpuTopology? ReadTopology(OvfDescriptor descriptor, int cpus, List<Concern> concerns)
    {
        var item = descriptor.Items.FirstOrDefault(i => i.ResourceType == OvfResource.Processor);
        if (item is { Sockets: { } sockets, CoresPerSocket: { } each, Threads: { } threads } && sockets is > 0 and <= MaximumCpus
            && each is > 0 and <= MaximumCpus && threads is > 0 and <= MaximumCpus && sockets * each * threads == cpus)
        {
            return new CpuTopology((int)sockets, (int)each, (int)threads);
        }

        if (item?.CoresPerSocket is not { } cores || cores == 0)
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
