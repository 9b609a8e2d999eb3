using System.IO.Enumeration;
using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.Sources;

namespace V2V.Engine.Inspection.Boot;

/// <summary>systemd-boot: entries of the Boot Loader Specification and unified kernel images, on the ESP or an XBOOTLDR partition beside it.</summary>
internal static partial class SystemdBoot
{
    public static BootLoader? Find(GuestRoot root, Firmware firmware)
    {
        // Entries without the loader's own files are GRUB's.
        var configuration = BootPaths.EfiMountPoints(root).Select(m => m + "/loader/loader.conf").FirstOrDefault(root.FileExists);
        var program = BootPaths.EfiMountPoints(root).FirstOrDefault(m => root.DirectoryExists(m + "/EFI/systemd"));
        if ((configuration ?? program) is null)
        {
            return null;
        }

        var path = configuration ?? program + "/loader/loader.conf";
        return new BootLoader(BootLoaderKind.SystemdBoot, path) { Menu = Read(root, path) };
    }

    /// <summary>The directories with entries, whether on the ESP or on XBOOTLDR.</summary>
    public static IEnumerable<string> EntryDirectories(GuestRoot root) =>
        BootPaths.EfiMountPoints(root).Append("/boot").Distinct().Select(m => m + "/loader/entries");

    /// <summary>The images of a partition, which need no entry.</summary>
    public static IEnumerable<string> UnifiedImages(GuestRoot root) => BootPaths.EfiMountPoints(root)
        .SelectMany(m => root.Enumerate(m + "/EFI/Linux").Where(f => f.Name.EndsWith(".efi", StringComparison.OrdinalIgnoreCase)).Select(f => $"{m}/EFI/Linux/{f.Name}"))
        .Take(BootMenu.MaxEntries);

    private static BootMenu Read(GuestRoot root, string configuration)
    {
        var pattern = Setting(BootPaths.TryRead(root, configuration) ?? "", "default");
        var entries = EntryDirectories(root).SelectMany(d => BlsEntry.ReadAll(root, d)).Select(e => FromBls(root, e))
            .Concat(UnifiedImages(root).Select(FromImage))
            .OfType<Candidate>()
            .DistinctBy(c => c.Entry.File)
            .Take(BootMenu.MaxEntries)
            .ToList();
        entries.Sort(Compare);

        // "@saved" is kept in a variable of the firmware, which stays behind.
        var selected = (pattern is null ? null : entries.Find(e => Matches(pattern, e.Entry.Id))) ?? entries.FirstOrDefault();
        return new BootMenu([.. entries.Select(e => e.Entry with { IsDefault = e == selected })]);
    }

    /// <summary>A setting of loader.conf: a key, blanks, the value.</summary>
    public static string? Setting(string text, string key) => TextLines.Split(text).Select(BlsEntry.Words)
        .LastOrDefault(words => words.Length > 1 && words[0] == key)?[1];

    /// <summary>Before version 241 the names had no ".conf".</summary>
    private static bool Matches(string pattern, string id) => FileSystemName.MatchesSimpleExpression(pattern, id)
        || FileSystemName.MatchesSimpleExpression(pattern, id.AsSpan(0, id.LastIndexOf('.')));

    private static Candidate? FromBls(GuestRoot root, BlsEntry entry)
    {
        var directory = entry.File[..^(entry.Id.Length + "/loader/entries/.conf".Length)];
        var (id, isExhausted) = WithoutCounters(entry.Id);
        var isImage = entry.Kernel is null;
        return (entry.Kernel ?? entry.EfiProgram) is not { } program ? null : new Candidate(entry.SortKey, entry.MachineId, entry.Version, isExhausted, new BootMenuEntry
        {
            Title = entry.Title ?? id,
            Id = id + ".conf",
            KernelPath = isImage ? null : BootPaths.Locate(root, program, directory),
            InitramfsPaths = [.. entry.InitialRamdisks.Select(i => BootPaths.Locate(root, i, directory)).OfType<string>()],
            Arguments = BlsEntry.Words(entry.Options),
            IsUnifiedImage = isImage,
            File = entry.File,
            FirstLine = 1,
            LastLine = entry.LineCount,
        });
    }

    private static Candidate FromImage(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..^".efi".Length];
        var (id, isExhausted) = WithoutCounters(name);
        return new Candidate(null, null, null, isExhausted, new BootMenuEntry { Title = id, Id = id + ".efi", IsUnifiedImage = true, File = path });
    }

    /// <summary>Boot counting puts "+LEFT" or "+LEFT-DONE" behind a name; no tries left means that the entry did not boot and comes last.</summary>
    private static (string Name, bool IsExhausted) WithoutCounters(string name) => Counters().Match(name) is { Success: true } match
        ? (match.Groups["name"].Value, match.Groups["left"].ValueSpan.TrimStart('0').IsEmpty)
        : (name, false);

    /// <summary>The specification's "Sorting": exhausted entries last; sort-key, machine-id, newest version; without a sort-key by file name, highest first.</summary>
    private static int Compare(Candidate a, Candidate b)
    {
        var order = a.IsExhausted.CompareTo(b.IsExhausted);
        order = order != 0 ? order : (a.SortKey is null).CompareTo(b.SortKey is null);
        if (order == 0 && a.SortKey is not null)
        {
            order = string.CompareOrdinal(a.SortKey, b.SortKey);
            order = order != 0 ? order : string.CompareOrdinal(a.MachineId, b.MachineId);
            order = order != 0 ? order : UapiVersionOrder.Compare(b.Version ?? "", a.Version ?? "");
        }

        return order != 0 ? order : UapiVersionOrder.Compare(b.Entry.Id, a.Entry.Id);
    }

    [GeneratedRegex(@"^(?<name>.+)\+(?<left>[0-9]+)(-[0-9]+)?\z")]
    private static partial Regex Counters();

    private sealed record Candidate(string? SortKey, string? MachineId, string? Version, bool IsExhausted, BootMenuEntry Entry);
}
