using System.Text;

namespace V2V.Engine.FileSystems.Fat;

/// <summary>All of a directory's entries, read once.</summary>
internal sealed class FatListing
{
    /// <summary>2 MiB of entries, more than which no driver reads or makes (fs/fat/fat.h, FAT_MAX_DIR_SIZE).</summary>
    public const int MaxSlots = 65536;

    private readonly Dictionary<string, FatFile> _exact = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FatFile> _folded = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _shortNames = new(StringComparer.Ordinal);

    private FatListing(FatSlots slots)
    {
        Slots = slots;
        var longName = new FatLongName.Reader();
        ReadOnlySpan<byte> sector = [];
        for (End = 0; End < slots.Count; End++)
        {
            sector = sector.IsEmpty ? slots.ReadSector(End) : sector;
            var raw = sector[..FatDirectoryEntry.Size];
            sector = sector[FatDirectoryEntry.Size..];
            if (raw[0] == FatDirectoryEntry.EndOfDirectory)
            {
                break;
            }

            if (raw[0] == FatDirectoryEntry.Deleted)
            {
                longName.Reset();
            }
            else if (FatDirectoryEntry.IsPartOfLongName(raw))
            {
                longName.Add(raw);
            }
            else
            {
                Add(raw, longName.Take(raw));
            }
        }

        foreach (var file in Files)
        {
            _folded.TryAdd(file.Alias, file);
        }
    }

    /// <summary>The eleven bytes of every short name, as Latin-1.</summary>
    public IReadOnlySet<string> ShortNames => _shortNames;

    public FatSlots Slots { get; }

    /// <summary>Number of the first entry that was never used; behind it there are no others.</summary>
    public int End { get; private set; }

    public List<FatFile> Files { get; } = [];

    /// <summary>The root directory's label, if this is that directory and it has one.</summary>
    public string? Label { get; private set; }

    public static FatListing Read(FatVolume volume, uint cluster) => new(FatSlots.Open(volume, cluster));

    /// <summary>A file by its long or short name: the one spelled exactly so if there is one, else one that differs in case.</summary>
    public FatFile? Find(string name) => _exact.GetValueOrDefault(name) ?? _folded.GetValueOrDefault(name);

    /// <summary>Takes note of a file whose entries were just written.</summary>
    public void Insert(FatFile file)
    {
        Remember(file);
        _folded.TryAdd(file.Alias, file);
        End = Math.Max(End, file.FirstSlot + file.Slots);
    }

    private void Add(ReadOnlySpan<byte> raw, (string Name, int Parts)? longName)
    {
        var entry = FatDirectoryEntry.Parse(raw, Slots.Width);
        if (entry.Attributes.HasFlag(FatAttributes.VolumeId))
        {
            Label ??= entry.IsLabel ? FatShortName.DecodeLabel(raw) : null;
            return;
        }

        if (FatShortName.IsDots(raw))
        {
            return;
        }

        var alias = FatShortName.Decode(raw);
        var (name, parts) = longName ?? (alias, 0);
        Remember(new FatFile(
            name, Encoding.Latin1.GetString(raw[..FatShortName.Length]), alias, entry, Slots.Directory, End - parts, parts + 1, Slots.Locate(End)));
    }

    private void Remember(FatFile file)
    {
        Files.Add(file);
        _shortNames.Add(file.ShortName);
        _exact.TryAdd(file.Name, file);
        _folded.TryAdd(file.Name, file);
    }
}
