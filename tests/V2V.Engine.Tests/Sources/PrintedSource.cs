using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.Sources;

namespace V2V.Engine.Tests.Sources;

/// <summary>
/// A source guest as <c>virt-v2v --print-source</c> tells it: facts by name, the names being its own. V2V's view is put into the same words.
/// </summary>
internal static partial class PrintedSource
{
    private const string Disks = "disks";
    private const string Removables = "removable media";
    private const string Adapters = "NICs";

    public static SortedDictionary<string, string> Parse(string printed)
    {
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var section = "";
        foreach (var line in printed.Split('\n').SkipWhile(l => !l.StartsWith("Source guest information", StringComparison.Ordinal)).Skip(1))
        {
            if (Section().Match(line) is { Success: true } title)
            {
                section = title.Groups["name"].Value;
                facts[section] = "";
            }
            else if (section.Length > 0 && line.StartsWith('\t'))
            {
                // Disks are numbered, which says no more than their order.
                var entry = section == Disks ? line.Trim().Split(' ', 2).ElementAtOrDefault(1) ?? "" : line.Trim();
                entry = MacAddress().Replace(entry, m => m.Value.ToLowerInvariant());
                facts[section] += (facts[section].Length > 0 ? "; " : "") + entry;
            }
            else if (Fact().Match(line) is { Success: true } fact)
            {
                var (name, value) = (fact.Groups["name"].Value, fact.Groups["value"].Value.Trim());
                // Keyboard, address and port of the old host follow the kind of screen.
                facts[name] = name == "display" ? value.Split(' ')[0] : value;
            }
        }

        return facts;
    }

    public static SortedDictionary<string, string> Of(SourceGuest guest) => new(StringComparer.Ordinal)
    {
        ["source name"] = guest.Name,
        ["hypervisor type"] = guest.Hypervisor.ToLowerInvariant(),
        ["VM genid"] = guest.GenerationId?.ToString() ?? "",
        ["memory"] = string.Create(CultureInfo.InvariantCulture, $"{guest.MemoryMiB << 20} (bytes)"),
        ["nr vCPUs"] = guest.CpuCount.ToString(CultureInfo.InvariantCulture),
        ["CPU vendor"] = "",
        ["CPU model"] = "",
        ["CPU topology"] = guest.CpuTopology is { } t ? $"sockets: {t.Sockets} cores/socket: {t.CoresPerSocket} threads/core: {t.ThreadsPerCore}" : "",
        ["CPU features"] = "",
        ["firmware"] = guest.Firmware?.ToString().ToLowerInvariant() ?? "unknown",
        ["display"] = guest.Display?.Kind.ToString().ToLowerInvariant() ?? "",
        ["sound"] = guest.SoundModel ?? "",
        [Disks] = string.Join("; ", guest.Disks.Select(d => Controller(d.Controller))),
        [Removables] = string.Join("; ", guest.RemovableDrives.Select(Drive)),
        [Adapters] = string.Join("; ", guest.NetworkAdapters.Select(Adapter)),
    };

    private static string Controller(DiskController controller) => controller switch
    {
        DiskController.Unknown => "",
        DiskController.Virtio => "[virtio-blk]",
        DiskController.VirtioScsi => "[virtio-scsi]",
        _ => $"[{controller.ToString().ToLowerInvariant()}]",
    };

    private static string Drive(RemovableDrive drive) =>
        string.Join(' ', new[] { drive.Kind == RemovableDriveKind.CdRom ? "CD-ROM" : "Floppy", Controller(drive.Controller), drive.Slot is { } slot ? $"in slot {slot}" : "" }.Where(s => s.Length > 0));

    private static string Adapter(SourceNetworkAdapter adapter) =>
        $"{(adapter.IsBridge ? "Bridge" : "Network")} \"{adapter.Network}\"{(adapter.MacAddress is { } mac ? $" mac: {mac}" : "")}{(adapter.Model is { } model ? $" [{model}]" : "")}";

    /// <summary>Addresses are the same in any case of letters.</summary>
    [GeneratedRegex("mac: [0-9A-F:]+")]
    private static partial Regex MacAddress();

    [GeneratedRegex("^(?<name>disks|removable media|NICs):$")]
    private static partial Regex Section();

    [GeneratedRegex("^ *(?<name>[A-Za-z ]+): (?<value>.*)$")]
    private static partial Regex Fact();
}
