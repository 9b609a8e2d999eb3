using System.Text;

namespace V2V.Engine.Sources.Vmx;

/// <summary>A guest of VMware Workstation, Fusion or ESXi: a .vmx file with its virtual disks beside it.</summary>
internal sealed class VmxSource : GuestSource
{
    private const string Format = "VMX";

    private const int MaximumCpus = 4096;

    public override string Kind => Format;

    public override bool Recognises(SourceFile file) => file.HasExtension(".vmx") || HasVmxKeys(file.Head);

    public override IReadOnlyList<SourceGuest> Read(SourceFile descriptor, SourceOptions options, CancellationToken cancellation)
    {
        var path = descriptor.Path;
        RefuseDiskImage(path, descriptor.Head);
        var file = VmxFile.Parse(path, descriptor.ReadDescriptor(Format));
        if (!file.Keys.Any())
        {
            throw new SourceException(V2VError.SourceInvalid, $"{path} has no line of the form key = \"value\".") { Path = path, Format = Format };
        }

        RefuseEncryption(file);
        cancellation.ThrowIfCancellationRequested();

        List<Concern> concerns = [.. file.Concerns];
        List<SourceDisk> disks = [];
        List<RemovableDrive> removables = [];
        var folder = GuestFolder.Of(descriptor, options);
        VmxDrives.Read(file, folder, options, disks, removables, concerns);
        var cpus = ReadCpuCount(file, concerns);
        var hasTpm = file.Boolean("vtpm.present") == true;
        if (hasTpm)
        {
            concerns.Add(SourceConcerns.TpmContentsStay);
        }

        ReportPassthrough(file, concerns);
        var snapshots = VmxSnapshots.Count(descriptor, folder);
        if (snapshots > 0)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Information, "SnapshotsIgnored", $"{path} describes a guest with snapshots; its current state is converted, the snapshots are not."));
        }

        return
        [
            new SourceGuest
            {
                Name = ReadName(file, concerns),
                SourceKind = Kind,
                Path = path,
                Hypervisor = "VMware",
                State = ReadState(descriptor, file, concerns),
                CpuCount = cpus,
                CpuTopology = ReadTopology(file, cpus, concerns),
                MemoryMiB = ReadMemory(file, cpus, concerns),
                Firmware = ReadFirmware(file, concerns),
                SecureBoot = file.Boolean("uefi.secureBoot.enabled") == true,
                HasTpm = hasTpm,
                GuestOsHint = file["guestOS"],
                Annotation = string.IsNullOrWhiteSpace(file["annotation"]) ? null : file["annotation"]!.ReplaceLineEndings("\n"),
                Uuid = VmxIds.Firmware(file),
                GenerationId = VmxIds.Generation(file),
                SoundModel = ReadSound(file, concerns),
                Display = ReadDisplay(file),
                SnapshotCount = snapshots,
                Disks = disks,
                NetworkAdapters = VmxNetworkAdapters.Read(file, concerns),
                RemovableDrives = removables,
                Concerns = concerns,
            },
        ];
    }

    /// <summary>Both keys are written by every product; one of them near the top is enough.</summary>
    private static bool HasVmxKeys(ReadOnlySpan<byte> head)
    {
        foreach (var line in Encoding.Latin1.GetString(head).AsSpan().EnumerateLines())
        {
            var text = line.Trim();
            if ((text.StartsWith("config.version", StringComparison.OrdinalIgnoreCase)
                    || text.StartsWith("virtualHW.version", StringComparison.OrdinalIgnoreCase)) && text.Contains('='))
            {
                return true;
            }
        }

        return false;
    }

    private static void RefuseDiskImage(string path, ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("KDMV"u8) || head.StartsWith("COWD"u8) || head.StartsWith("VMDK"u8) || head.StartsWith("# Disk DescriptorFile"u8))
        {
            throw new SourceException(V2VError.SourceInvalid, $"{path} is a VMDK disk image, not the description of a guest.")
            {
                Path = path,
                Format = Format,
                Advice = "Give the guest's .vmx file, or rename the image to .vmdk and convert it as a disk.",
            };
        }
    }

    /// <summary>
    /// An encrypted guest keeps its settings in encryption.data. Partial encryption, which Workstation uses for guests with a TPM, leaves
    /// settings and disks readable and only protects the TPM's own state.
    /// </summary>
    private static void RefuseEncryption(VmxFile file)
    {
        var partial = string.Equals(file["vmx.encryptionType"], "partial", StringComparison.OrdinalIgnoreCase);
        var key = file.Keys.FirstOrDefault(k => k.StartsWith("encryption.", StringComparison.OrdinalIgnoreCase)
            || k.StartsWith("encryptedVM.", StringComparison.OrdinalIgnoreCase));
        if (key is not null && (!partial || file.TryGetValue("encryption.data", out _)))
        {
            throw new SourceException(V2VError.SourceUnsupported, $"{file.Path} describes an encrypted guest ({key} is set).")
            {
                Path = file.Path,
                Format = Format,
                Advice = "Remove the encryption in VMware (Virtual Machine Settings, Access Control; in vCenter, VM Policies), then convert the guest.",
            };
        }
    }

    private static string ReadName(VmxFile file, List<Concern> concerns)
    {
        if (file["displayName"]?.Trim() is { Length: > 0 } name)
        {
            return name;
        }

        concerns.Add(new Concern(ConcernSeverity.Warning, "NameFromFile", $"{file.Path} has no displayName; the file's name is used."));
        return SourceNames.FromPath(file.Path);
    }

    private static long ReadMemory(VmxFile file, int cpus, List<Concern> concerns)
    {
        var written = file["memSize"]?.Trim();
        long? bytes = file.TryGetNumber("memSize", out var number) && number is > 0 and <= long.MaxValue >> 20 ? number << 20 : null;
        return MemorySize.Read(file.Path, written is null ? null : $"{written} MiB", bytes, cpus, concerns);
    }

    private static int ReadCpuCount(VmxFile file, List<Concern> concerns)
    {
        const string Key = "numvcpus";
        if (file[Key] is not { } text)
        {
            return 1;
        }

        if (file.TryGetNumber(Key, out var number) && number is >= 1 and <= MaximumCpus)
        {
            return (int)number;
        }

        concerns.Add(new Concern(
            ConcernSeverity.Warning, "ValueReplaced", $"{file.Path} sets {Key} to \"{text}\", which is not between 1 and {MaximumCpus}; 1 is taken."));
        return 1;
    }

    private static CpuTopology? ReadTopology(VmxFile file, int cpus, List<Concern> concerns)
    {
        if (!file.TryGetNumber("cpuid.coresPerSocket", out var cores) || cores == 0)
        {
            return null; // 0 is how newer products write "whatever fits".
        }

        if (cores < 1 || cores > cpus || cpus % cores != 0)
        {
            concerns.Add(SourceConcerns.TopologyIgnored(cpus, cores));
            return null;
        }

        return new CpuTopology((int)(cpus / cores), (int)cores);
    }

    private static Firmware ReadFirmware(VmxFile file, List<Concern> concerns)
    {
        switch (file["firmware"]?.Trim().ToUpperInvariant())
        {
            case null or "" or "BIOS":
                return Firmware.Bios;
            case "EFI" or "UEFI":
                return Firmware.Uefi;
            default:
                concerns.Add(new Concern(
                    ConcernSeverity.Warning, "FirmwareUnknown", $"{file.Path} sets the firmware \"{file["firmware"]}\", which is unknown; BIOS is taken."));
                return Firmware.Bios;
        }
    }

    private static string? ReadSound(VmxFile file, List<Concern> concerns)
    {
        if (file.Boolean("sound.present") == false || file["sound.virtualDev"] is not { Length: > 0 } model)
        {
            return null;
        }

        switch (model.ToUpperInvariant())
        {
            case "SB16":
                return "sb16";
            case "ES1371":
                return "es1370"; // The nearest that QEMU has; guests use one driver for both.
            case "HDAUDIO":
                return "ich6";
            default:
                concerns.Add(new Concern(
                    ConcernSeverity.Warning, "SoundIgnored", $"The sound device \"{model}\" is unknown; the converted guest gets none."));
                return null;
        }
    }

    /// <summary>Hosted products and ESX of before 7 can show a guest's screen by VNC.</summary>
    private static SourceDisplay? ReadDisplay(VmxFile file) => file.Boolean("RemoteDisplay.vnc.enabled") == true
        ? new SourceDisplay(
            DisplayKind.Vnc,
            Listen: string.IsNullOrWhiteSpace(file["RemoteDisplay.vnc.ip"]) ? null : file["RemoteDisplay.vnc.ip"],
            Port: file.TryGetNumber("RemoteDisplay.vnc.port", out var port) && port is > 0 and <= ushort.MaxValue ? (int)port : null)
        : null;

    private static GuestState ReadState(SourceFile descriptor, VmxFile file, List<Concern> concerns)
    {
        if (file["checkpoint.vmState"] is { } state && !string.IsNullOrWhiteSpace(state))
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "GuestSuspended", $"{file.Path} describes a suspended guest: what it had in memory is in {state}, not in its disks.",
                "Resume it, shut it down and convert it then."));
            return GuestState.Suspended;
        }

        if (VmxRunState.FindSign(descriptor, file) is { } sign)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Critical, nameof(V2VError.GuestRunning), $"{sign} says that the guest is in use: its disks are not in a state that can be converted.",
                "Shut the guest down first. If it is not running, the file was left behind by a crash: start the guest once and shut it down, or delete the file."));
            return GuestState.Running;
        }

        return GuestState.Unknown;
    }

    private static void ReportPassthrough(VmxFile file, List<Concern> concerns)
    {
        if (file.Keys.Any(k => k.StartsWith("pciPassthru", StringComparison.OrdinalIgnoreCase)
            && k.EndsWith(".present", StringComparison.OrdinalIgnoreCase) && file.Boolean(k) == true))
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "PassthroughIgnored", "The guest uses PCI devices of its host; the converted guest does not get them."));
        }

        if (file.Keys.Any(k => k.StartsWith("usb.autoConnect.device", StringComparison.OrdinalIgnoreCase) && !string.IsNullOrWhiteSpace(file[k])))
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "PassthroughIgnored", "The guest uses USB devices of its host (usb.autoConnect); the converted guest does not get them.",
                "Attach the devices to the domain on the new host, if they are plugged in there."));
        }
    }
}
