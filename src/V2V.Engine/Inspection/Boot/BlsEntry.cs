using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Boot;

/// <summary>
/// A file of the Boot Loader Specification (UAPI.1, type 1): lines of a key and a value. GRUB's blscfg and systemd-boot read such files.
/// </summary>
/// <param name="File">Guest path.</param>
/// <param name="LineCount">Number of its lines.</param>
internal sealed record BlsEntry(string File, int LineCount)
{
    private readonly List<(string Key, string Value)> _values = [];

    /// <summary>The file's name without ".conf": what grubenv's saved_entry holds.</summary>
    public string Id { get; } = File[(File.LastIndexOf('/') + 1)..^".conf".Length];

    public string? Title => Value("title");

    public string? Version => Value("version");

    public string? Kernel => Value("linux");

    /// <summary>A program other than a kernel, or a unified kernel image.</summary>
    public string? EfiProgram => Value("efi") ?? Value("uki");

    public string? SortKey => Value("sort-key");

    public string? MachineId => Value("machine-id");

    /// <summary>The key may be repeated; blscfg also takes several in one line.</summary>
    public IReadOnlyList<string> InitialRamdisks => [.. Values("initrd").SelectMany(Words)];

    public string Options => string.Join(' ', Values("options"));

    private string? Value(string key) => Values(key).FirstOrDefault();

    private IEnumerable<string> Values(string key) => _values.Where(v => v.Key == key).Select(v => v.Value);

    /// <summary>The entries of a directory, by name.</summary>
    public static IReadOnlyList<BlsEntry> ReadAll(GuestRoot root, string directory) =>
        [.. Files(root, directory).Take(BootMenu.MaxEntries)
            .Select(file => BootPaths.TryRead(root, file) is { } text ? Parse(file, text) : null).OfType<BlsEntry>()];

    public static IEnumerable<string> Files(GuestRoot root, string directory) => root.Enumerate(directory)
        .Where(f => f.Name.EndsWith(".conf", StringComparison.Ordinal) && f.Name[0] != '.')
        .Select(f => $"{directory}/{f.Name}");

    public static BlsEntry Parse(string file, string text)
    {
        var lines = TextLines.Split(text);
        var entry = new BlsEntry(file, lines.Count);
        foreach (var line in lines)
        {
            var content = line.Trim();
            var space = content.AsSpan().IndexOfAny(' ', '\t');
            if (space > 0 && content[0] != '#')
            {
                entry._values.Add((content[..space], content[space..].TrimStart()));
            }
        }

        return entry;
    }

    internal static string[] Words(string text) => text.Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
}
