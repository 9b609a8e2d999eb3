namespace V2V.Engine.Sources.HyperV;

/// <summary>A guest from the settings of a machine.</summary>
internal sealed class HyperVMachine(HyperVConfiguration configuration, HyperVFolder folder)
{
    private const int MaximumCpus = 4096;
    private const int MaximumSnapshots = 1000;

    /// <summary>Time zones begin at a quarter of an hour; what is less is a clock that goes wrong. In units of 100 ns.</summary>
    private const long LeastTimeZone = 8L * 60 * 10_000_000;

    public SourceGuest Read(SourceFile file)
    {
        List<Concern> concerns = [];
        List<SourceDisk> disks = [];
        List<RemovableDrive> removables = [];
        new HyperVDrives(configuration, folder).Read(disks, removables, concerns);
        var bios = configuration.OfType(HyperVDevices.Bios).FirstOrDefault()?.Settings;
        // Generations were introduced with 2012 R2; before there was but the first.
        var isSecond = configuration.Number("properties", "subtype") == 1;
        var hasTpm = isSecond && configuration.OfType(HyperVDevices.Tpm).Any();
        if (hasTpm)
        {
            concerns.Add(SourceConcerns.TpmContentsStay);
        }

        var snapshots = CountSnapshots(concerns);
        var isSaved = ReportSavedState(file, concerns);
        ReportDevices(concerns);
        var cpus = (int)Number(1, MaximumCpus, concerns, "settings", "processors", "count");
        return new SourceGuest
        {
            Name = configuration.Text("properties", "name") ?? folder.Name ?? SourceNames.FromPath(file.Path),
            SourceKind = "HyperV",
            Path = file.Path,
            Hypervisor = "Hyper-V",
            State = isSaved ? GuestState.Suspended : GuestState.Unknown,
            CpuCount = cpus,
            MemoryMiB = ReadMemory(cpus, concerns),
            Firmware = isSecond ? Firmware.Uefi : Firmware.Bios,
            SecureBoot = isSecond && HyperVConfiguration.Boolean(bios, "secure_boot_enabled") == true,
            HasTpm = hasTpm,
            Annotation = configuration.Text("properties", "notes"),
            Uuid = Guid.TryParse(HyperVConfiguration.Text(bios, "bios_guid"), out var id) ? id : null,
            ClockIsLocalTime = ReadClock() is { } skew && (skew >= LeastTimeZone || skew <= -LeastTimeZone),
            VideoModel = configuration.OfType(HyperVDevices.SyntheticVideo).Any() ? "hyperv" : null,
            SnapshotCount = snapshots,
            Disks = disks,
            NetworkAdapters = HyperVNetworkAdapters.Read(configuration, concerns),
            RemovableDrives = removables,
            Concerns = concerns,
        };
    }

    /// <summary>How far the guest set its clock from UTC, in units of 100 ns.</summary>
    private long? ReadClock() => HyperVConfiguration.Number(configuration.OfType(HyperVDevices.RealTimeClock).FirstOrDefault()?.Settings, "RtcDevice", "CmosUtcSkew");

    private long ReadMemory(int cpus, List<Concern> concerns)
    {
        var told = configuration.Number("settings", "memory", "bank", "size");
        var memory = MemorySize.Read(
            configuration.Path, told is null ? null : $"{told} MiB", told is > 0 and <= long.MaxValue >> 20 ? told << 20 : null, cpus, concerns);
        if (configuration.Text("settings", "memory", "bank", "dynamic_memory_enabled")?.Equals("true", StringComparison.OrdinalIgnoreCase) == true)
        {
            var limit = configuration.Number("settings", "memory", "bank", "limit");
            concerns.Add(new Concern(
                ConcernSeverity.Information, "DynamicMemory",
                $"The guest has dynamic memory{(limit is null ? "" : $" of up to {limit} MiB")}; the converted guest gets the {memory} MiB that it starts with.",
                "Give more with -MemoryMiB if it needs more."));
        }

        return memory;
    }

    private int CountSnapshots(List<Concern> concerns)
    {
        if (configuration.Text("properties", "type_id") is { } type && !type.Equals(HyperVFolder.Machines, StringComparison.OrdinalIgnoreCase))
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "SnapshotConverted", $"{configuration.Path} describes a checkpoint of a machine: what the machine did since is not converted.",
                $"Give the file in the folder '{HyperVFolder.Machines}' for its present state."));
            return 0;
        }

        var told = configuration.Number("global_settings", "snapshots", "list", "size") ?? 0;
        var count = told is > 0 and <= MaximumSnapshots
            ? (int)told
            : folder.Names(HyperVFolder.Snapshots).Count(n => n.EndsWith(".xml", StringComparison.OrdinalIgnoreCase) || n.EndsWith(".vmcx", StringComparison.OrdinalIgnoreCase));
        if (count > 0)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Information, "SnapshotsIgnored", $"{configuration.Path} describes a guest with checkpoints; its current state is converted, the checkpoints are not."));
        }

        return count;
    }

    private bool ReportSavedState(SourceFile file, List<Concern> concerns)
    {
        if (configuration.Text("savedstate", "vsvlocation") is null && configuration.Text("savedstate", "memlocation") is null && !HyperVSavedState.Exists(file, folder))
        {
            return false;
        }

        concerns.Add(new Concern(
            ConcernSeverity.Warning, "GuestSuspended", $"{configuration.Path} describes a guest whose state was saved; its memory is lost, as by a power failure.",
            "Start the guest in Hyper-V, shut it down and export it again."));
        return true;
    }

    private void ReportDevices(List<Concern> concerns)
    {
        if (configuration.OfType(HyperVDevices.PciExpressPort).Any())
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "PassthroughIgnored", "The guest uses PCI devices of its host; the converted guest does not get them."));
        }

        foreach (var name in configuration.Devices.Select(d => d.Name).OfType<string>().Where(n => n.Contains("Fibre", StringComparison.OrdinalIgnoreCase)).Distinct())
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "DeviceIgnored", $"The guest has a {name}, which has no counterpart; the converted guest does not get it, nor the disks behind it."));
        }
    }

    private long Number(long otherwise, long maximum, List<Concern> concerns, params ReadOnlySpan<string> names)
    {
        if (configuration.Number(names) is { } number && number >= 1 && number <= maximum)
        {
            return number;
        }

        concerns.Add(new Concern(
            ConcernSeverity.Warning, "ValueReplaced", $"{configuration.Path} gives no {string.Join('/', names)} between 1 and {maximum}; {otherwise} is taken.",
            "Set it with -MemoryMiB or -Cpu."));
        return otherwise;
    }
}
