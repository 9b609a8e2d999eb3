using System.Text;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Archives;
using V2V.Engine.Disks.Xva;

namespace V2V.Engine.Sources.Xva;

/// <summary>A guest exported from XenServer, Citrix Hypervisor or XCP-ng ("xe vm-export"): a tar archive of a description and blocks of disks.</summary>
internal sealed class XvaSource : GuestSource
{
    public const string Format = "XVA";

    private const string DescriptionName = "ova.xml";
    private const int MaximumCpus = 4096;

    public override string Kind => Format;

    /// <summary>The description is the archive's first member.</summary>
    public override bool Recognises(SourceFile file)
    {
        var head = file.Head;
        return head.AsSpan().StartsWith(Encoding.ASCII.GetBytes(DescriptionName + "\0")) && head.Length > 262 && head.AsSpan(257, 5).SequenceEqual("ustar"u8);
    }

    public override IReadOnlyList<SourceGuest> Read(SourceFile file, SourceOptions options, CancellationToken cancellation)
    {
        using var archive = file.Open();
        var description = XvaDescription.Parse($"{archive.Path}!{DescriptionName}", ReadDescription(archive));
        cancellation.ThrowIfCancellationRequested();
        var blocks = XvaBlocks.Read(archive);

        // An export can have the snapshots of its guest with it.
        var machines = description.OfClass("VM").ToList();
        var guests = machines.Where(m => !m.IsTrue("is_a_snapshot")).ToList();
        guests = guests.Count > 0 ? guests : machines;
        if (guests.Count == 0)
        {
            throw new SourceException(V2VError.SourceInvalid, $"{file.Path} describes no guest.") { Path = file.Path, Format = Format, Advice = "Export the guest again with 'xe vm-export'." };
        }

        return [.. guests.Select(m => Read(file, m, description, blocks, machines.Count - guests.Count))];
    }

    private static byte[] ReadDescription(DiskFile archive)
    {
        var entry = TarArchive.Enumerate(archive).First();
        if (entry.Length > SourceFile.MaximumDescriptorLength)
        {
            throw SourceFile.TooLarge($"{archive.Path}!{entry.Name}", Format);
        }

        var content = new byte[entry.Length];
        archive.Read(entry.Offset, content);
        return content;
    }

    private static SourceGuest Read(SourceFile file, XvaObject machine, XvaDescription description, XvaBlocks blocks, int snapshots)
    {
        List<Concern> concerns = [];
        List<SourceDisk> disks = [];
        List<RemovableDrive> removables = [];
        var path = file.Path;
        var cpus = machine.Number("VCPUs_max") is >= 1 and <= MaximumCpus and { } count ? (int)count : 1;
        XvaDrives.Read(file, machine, description, blocks, disks, removables);
        var hasTpm = description.OfClass("VTPM").Any(t => t.Text("VM") == machine.Reference);
        if (hasTpm)
        {
            concerns.Add(SourceConcerns.TpmContentsStay);
        }

        // A guest with a boot policy has a virtual firmware; what has none is started by Xen itself.
        var isParavirtual = machine.Text("HVM_boot_policy") is null;
        if (isParavirtual)
        {
            concerns.Add(SourceConcerns.Paravirtual);
        }

        if (snapshots > 0)
        {
            concerns.Add(new Concern(ConcernSeverity.Information, "SnapshotsIgnored", $"{path} holds snapshots of the guest; its current state is converted, the snapshots are not."));
        }

        if (machine.Text("power_state") is "Suspended")
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "GuestSuspended", $"{path} was exported while the guest was suspended; its memory is lost, as by a power failure.",
                "Resume the guest, shut it down, and export it again."));
        }

        return new SourceGuest
        {
            Name = machine.Text("name_label") ?? SourceNames.FromPath(path),
            SourceKind = Format,
            Path = path,
            Hypervisor = "Xen",
            State = machine.Text("power_state") switch { "Halted" => GuestState.ShutOff, "Suspended" => GuestState.Suspended, _ => GuestState.Unknown },
            CpuCount = cpus,
            CpuTopology = Topology(machine),
            MemoryMiB = Memory(path, machine, cpus, concerns),
            Firmware = isParavirtual ? null : machine.Text("HVM_boot_params", "firmware") is "uefi" ? Firmware.Uefi : Firmware.Bios,
            SecureBoot = machine.Text("platform", "secureboot") is "true" or "auto",
            HasTpm = hasTpm,
            GuestOsHint = machine.Text("reference_label"),
            Annotation = machine.Text("name_description"),
            Uuid = Guid.TryParse(machine.Text("uuid"), out var uuid) ? uuid : null,
            GenerationId = Guid.TryParse(machine.Text("generation_id")?.Replace(":", "", StringComparison.Ordinal), out var id) ? id : null,
            SnapshotCount = snapshots,
            Disks = disks,
            NetworkAdapters = XvaNetworkAdapters.Read(machine, description, concerns),
            RemovableDrives = removables,
            Concerns = concerns,
        };
    }

    private static long Memory(string path, XvaObject machine, int cpus, List<Concern> concerns)
    {
        var field = machine.Number("memory_static_max") is null ? "memory_dynamic_max" : "memory_static_max";
        return MemorySize.Read(path, machine.Text(field) is { } text ? $"{text} bytes" : null, machine.Number(field), cpus, concerns);
    }

    /// <summary>XenServer knows sockets by how many cores each has.</summary>
    private static CpuTopology? Topology(XvaObject machine) =>
        machine.Number("VCPUs_max") is >= 1 and <= MaximumCpus and { } cpus
        && int.TryParse(machine.Text("platform", "cores-per-socket"), out var cores) && cores >= 1 && cpus % cores == 0
            ? new CpuTopology((int)cpus / cores, cores)
            : null;
}
