using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Sources.VirtualBox;

/// <summary>A guest of VirtualBox: a .vbox file (VirtualBox' schema VirtualBox-settings.xsd) with its disks beside it.</summary>
internal sealed class VirtualBoxSource : GuestSource
{
    public const string Format = "VirtualBox XML";

    private const int MaximumCpus = 4096;

    public override string Kind => "VirtualBox";

    public override bool Recognises(SourceFile file) => DescriptorXml.RootName(file.Head)?.LocalName == "VirtualBox";

    public override IReadOnlyList<SourceGuest> Read(SourceFile file, SourceOptions options, CancellationToken cancellation)
    {
        var path = file.Path;
        var root = DescriptorXml.Load(path, file.ReadDescriptor(Format), Format);
        var machine = FindMachine(path, root);
        var hardware = machine.Child("Hardware") ?? throw Invalid(path, "does not describe the machine's hardware.");
        cancellation.ThrowIfCancellationRequested();

        List<Concern> concerns = [];
        ReportState(path, machine, concerns);
        List<SourceDisk> disks = [];
        List<RemovableDrive> removables = [];
        new VirtualBoxDrives(file, machine, hardware, options).Read(disks, removables, concerns);
        var cpus = ReadCpuCount(path, hardware, concerns);
        var hasTpm = hardware.Child("TrustedPlatformModule")?.AttributeText("type") is not (null or "None");
        if (hasTpm)
        {
            concerns.Add(SourceConcerns.TpmContentsStay);
        }

        return
        [
            new SourceGuest
            {
                Name = machine.AttributeText("name") ?? SourceNames.FromPath(path),
                SourceKind = Kind,
                Path = path,
                Hypervisor = "VirtualBox",
                State = machine.AttributeText("stateFile") is null ? GuestState.Unknown : GuestState.Suspended,
                CpuCount = cpus,
                MemoryMiB = ReadMemory(path, hardware, cpus, concerns),
                Firmware = ReadFirmware(hardware, concerns),
                SecureBoot = hardware.Descendants().FirstOrDefault(e => e.Name.LocalName == "SecureBoot")?.AttributeText("enabled") == "true",
                HasTpm = hasTpm,
                GuestOsHint = machine.AttributeText("OSType"),
                Annotation = machine.ChildText("Description"),
                Uuid = Guid.TryParse(hardware.AttributeText("uuid") ?? machine.AttributeText("uuid"), out var id) ? id : null,
                // VirtualBox writes the element when the clock is not its default, local time.
                ClockIsLocalTime = hardware.Child("RTC")?.AttributeText("localOrUTC") != "UTC",
                SoundModel = ReadSound(hardware, concerns),
                VideoModel = hardware.Child("Display")?.AttributeText("controller")?.ToLowerInvariant(),
                SnapshotCount = machine.Descendants().Count(e => e.Name.LocalName == "Snapshot"),
                Disks = disks,
                NetworkAdapters = VirtualBoxNetworkAdapters.Read(hardware, SchemaVersion(root) >= 16, concerns),
                RemovableDrives = removables,
                Concerns = concerns,
            },
        ];
    }

    public static SourceException Invalid(string path, string what) => new(V2VError.SourceInvalid, $"{path} {what}")
    {
        Path = path,
        Format = Format,
        Advice = "Give the .vbox file that VirtualBox keeps in the machine's folder.",
    };

    public static SourceException Unsupported(string path, string what, string advice) =>
        new(V2VError.SourceUnsupported, $"{path} {what}") { Path = path, Format = Format, Advice = advice };

    private static XElement FindMachine(string path, XElement root)
    {
        if (root.Child("MachineEncrypted") is not null)
        {
            throw Unsupported(path, "describes an encrypted machine.", "Remove the encryption with 'VBoxManage encryptvm NAME setencryption', then convert the guest.");
        }

        return root.Child("Machine") ?? throw Unsupported(
            path, root.Child("Global") is null ? "describes no machine." : "is the list of VirtualBox' machines, not the description of one.",
            "Give the .vbox file that VirtualBox keeps in the machine's folder.");
    }

    /// <summary>16 for "1.16-linux"; 0 when there is none. VirtualBox 5.1 and later write 1.16 and up, in which defaults are left out.</summary>
    private static int SchemaVersion(XElement root)
    {
        var version = root.AttributeText("version") ?? "";
        var end = version.IndexOf('-', StringComparison.Ordinal);
        return Version.TryParse(end < 0 ? version : version[..end], out var parsed) && parsed.Major == 1 ? parsed.Minor : 0;
    }

    private static void ReportState(string path, XElement machine, List<Concern> concerns)
    {
        if (machine.AttributeText("stateFile") is not null)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "GuestSuspended", $"{path} describes a guest whose state was saved; its memory is lost, as by a power failure.",
                "Start the guest in VirtualBox and shut it down before it is converted."));
        }

        if (machine.AttributeText("aborted") is "true" or "1")
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "DiskNotClosed", $"{path} says that the guest ended with VirtualBox' own process, not by being shut down.",
                "Start the guest once and shut it down, or expect the state of a power failure."));
        }

        if (machine.Child("Snapshot") is not null)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Information, "SnapshotsIgnored", $"{path} describes a guest with snapshots; its current state is converted, the snapshots are not."));
        }
    }

    private static Firmware ReadFirmware(XElement hardware, List<Concern> concerns)
    {
        switch (hardware.Child("Firmware")?.AttributeText("type")?.ToUpperInvariant())
        {
            case null or "BIOS":
                return Firmware.Bios;
            case "EFI32":
                concerns.Add(new Concern(
                    ConcernSeverity.Warning, "UefiFirmware32Bit", "The guest was started by 32-bit EFI firmware; the converted guest's has 64 bits.",
                    "Check that the EFI system partition has a 64-bit boot loader."));
                return Firmware.Uefi;
            default:
                return Firmware.Uefi;
        }
    }

    private static string? ReadSound(XElement hardware, List<Concern> concerns)
    {
        var audio = hardware.Child("AudioAdapter");
        if (audio is null || audio.AttributeText("enabled") is not ("true" or "1"))
        {
            return null;
        }

        switch (audio.AttributeText("controller")?.ToUpperInvariant())
        {
            case null or "AC97":
                return "ac97";
            case "HDA":
                return "ich6";
            case "SB16":
                return "sb16";
            case var other:
                concerns.Add(new Concern(ConcernSeverity.Warning, "SoundIgnored", $"The sound device \"{other}\" is not carried over; the converted guest gets none."));
                return null;
        }
    }

    private static long ReadMemory(string path, XElement hardware, int cpus, List<Concern> concerns)
    {
        var written = hardware.Child("Memory")?.AttributeText("RAMSize");
        long? bytes = long.TryParse(written, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= long.MaxValue >> 20 ? number << 20 : null;
        return MemorySize.Read(path, written is null ? null : $"{written} MiB", bytes, cpus, concerns);
    }

    private static int ReadCpuCount(string path, XElement hardware, List<Concern> concerns)
    {
        if (hardware.Child("CPU")?.AttributeText("count") is not { } text)
        {
            return 1;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= MaximumCpus)
        {
            return number;
        }

        concerns.Add(new Concern(
            ConcernSeverity.Warning, "ValueReplaced",
            $"{path} gives the guest \"{(text.Length <= 40 ? text : text[..40] + "...")}\" CPUs, which is not between 1 and {MaximumCpus}; 1 is taken."));
        return 1;
    }
}
