using System.Globalization;
using System.Text;

namespace V2V.Engine.Inspection.Boot;

/// <summary>An entry of a GRUB 2 menu that boots a kernel, or a submenu of such entries.</summary>
internal sealed class GrubMenuEntry
{
    public required string Title { get; init; }

    /// <summary>The value of --id or $menuentry_id_option, or the name of the BLS file; null when it has none.</summary>
    public string? Id { get; init; }

    /// <summary>Path of the kernel as it is written, relative to GRUB's root device.</summary>
    public string? Kernel { get; set; }

    /// <summary>Path of the hypervisor that starts the kernel, or null.</summary>
    public string? Hypervisor { get; set; }

    public IReadOnlyList<string> Arguments { get; set; } = [];

    public IReadOnlyList<string> InitialRamdisks { get; set; } = [];

    public bool IsSubmenu { get; init; }

    public List<GrubMenuEntry> Children { get; } = [];

    /// <summary>The BLS file that it came from; null for entries of grub.cfg itself.</summary>
    public string? File { get; init; }

    public int FirstLine { get; init; }

    public int LastLine { get; set; }
}

/// <summary>
/// The menu of a GRUB 2 configuration, read as far as grub-mkconfig writes it: nested menuentry and submenu blocks, their linux, initrd and
/// multiboot commands, blscfg, variables that are set to a text, and the default. It is no interpreter of GRUB's shell; what a condition would have
/// decided is not known here.
/// </summary>
internal sealed class GrubMenu
{
    /// <summary>Deeper than any tool nests, so that a hostile file cannot exhaust anything.</summary>
    public const int MaxDepth = 16;

    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);
    private int _entryCount;

    public List<GrubMenuEntry> Entries { get; } = [];

    /// <summary>What "default" is set to when neither next_entry nor the environment overrides it.</summary>
    public string? DefaultSetting { get; private set; }

    /// <summary>The default is what grubenv's saved_entry says.</summary>
    public bool IsDefaultSaved => DefaultSetting?.Contains("saved_entry", StringComparison.Ordinal) == true;

    /// <summary>Where among <see cref="Entries"/> those of BLS files go; null when the configuration does not read such files.</summary>
    public int? BlsPosition { get; private set; }

    /// <summary>Values that the configuration gives to variables; of several, the last.</summary>
    public IReadOnlyDictionary<string, string> Variables => _variables;

    public static GrubMenu Parse(string text)
    {
        var menu = new GrubMenu();
        // What encloses the current line; null for blocks that are not menus ("if", functions, other braces).
        var blocks = new Stack<GrubMenuEntry?>();
        var number = 0;
        foreach (var line in TextLines.Split(text))
        {
            number++;
            var words = Words(line);
            if (words.Count == 0)
            {
                continue;
            }

            switch (words[0])
            {
                case "menuentry" or "submenu" when words.Count > 1 && words[^1] == "{":
                    blocks.Push(menu.Begin(words, number, blocks));
                    break;
                case "blscfg" or "bls_import":
                    menu.BlsPosition ??= menu.Entries.Count;
                    break;
                case "set" when words.Count == 2:
                    menu.Set(words[1]);
                    break;
                case "}":
                    if (blocks.TryPop(out var closed) && closed is not null)
                    {
                        closed.LastLine = number;
                    }

                    break;
                default:
                    if (words[^1] == "{" && blocks.Count < 10 * MaxDepth)
                    {
                        blocks.Push(null);
                    }
                    else if (blocks.TryPeek(out var open) && open is not null)
                    {
                        BootCommand(open, words);
                    }

                    break;
            }
        }

        return menu;
    }

    /// <summary>The entry that boots when nobody chooses; null when it cannot be told.</summary>
    /// <param name="environment">grubenv; null when there is none.</param>
    public GrubMenuEntry? DefaultEntry(GrubEnvironment? environment)
    {
        var setting = environment?["next_entry"] ?? "";
        if (setting.Length == 0)
        {
            setting = IsDefaultSaved ? environment?["saved_entry"] ?? "0" : DefaultSetting ?? "0";
        }

        setting = setting.Length == 0 ? "0" : setting;

        // Each part leads one submenu deeper; ">>" stands for a '>' of a name. What is not there, or not said, is the first of its level.
        var parts = setting.Replace(">>", "\0", StringComparison.Ordinal).Split('>', MaxDepth).Select(p => p.Replace('\0', '>')).ToArray();
        var found = Select(Entries, parts[0]) ?? Entries.FirstOrDefault();
        for (var depth = 1; found is { IsSubmenu: true }; depth++)
        {
            var level = found.Children;
            found = (depth < parts.Length ? Select(level, parts[depth]) : null) ?? level.FirstOrDefault();
        }

        return found;
    }

    private GrubMenuEntry? Begin(List<string> words, int line, Stack<GrubMenuEntry?> blocks)
    {
        var option = words.FindIndex(w => w is "--id" or "$menuentry_id_option" or "${menuentry_id_option}");
        var entry = new GrubMenuEntry
        {
            Title = words[1],
            Id = option >= 0 && option + 1 < words.Count ? words[option + 1] : null,
            IsSubmenu = words[0] == "submenu",
            FirstLine = line,
            LastLine = line,
        };
        if (_entryCount == BootMenu.MaxEntries || blocks.Count >= MaxDepth)
        {
            return null;
        }

        _entryCount++;
        (blocks.FirstOrDefault(b => b is { IsSubmenu: true })?.Children ?? Entries).Add(entry);
        return entry;
    }

    private void Set(string assignment)
    {
        var equals = assignment.IndexOf('=');
        if (equals <= 0)
        {
            return;
        }

        var (name, value) = (assignment[..equals], assignment[(equals + 1)..]);
        if (name == "default")
        {
            // The branch for "boot this entry once" stands beside the lasting setting.
            DefaultSetting = value.Contains("next_entry", StringComparison.Ordinal) ? DefaultSetting : value;
        }
        else if (_variables.Count < BootMenu.MaxEntries)
        {
            _variables[name] = value;
        }
    }

    private static void BootCommand(GrubMenuEntry entry, List<string> words)
    {
        // multiboot2 and module2 take options before the path.
        var path = words.FindIndex(1, w => !w.StartsWith("--", StringComparison.Ordinal));
        if (path < 0)
        {
            return;
        }

        switch (words[0])
        {
            case "linux" or "linux16" or "linuxefi" when entry.Kernel is null:
            case "module" or "module2" or "xen_module" when entry is { Hypervisor: not null, Kernel: null }:
                entry.Kernel = words[path];
                entry.Arguments = words[(path + 1)..];
                break;
            case "initrd" or "initrd16" or "initrdefi":
                entry.InitialRamdisks = words[path..];
                break;
            case "module" or "module2" or "xen_module" when entry.Hypervisor is not null:
                entry.InitialRamdisks = [.. entry.InitialRamdisks, words[path]];
                break;
            case "multiboot" or "multiboot2" or "xen_hypervisor":
                entry.Hypervisor = words[path];
                break;
        }
    }

    /// <summary>
    /// GRUB takes a setting that begins with digits for an index, whatever follows them. The GRUB that knows BLS files, whose names begin with a
    /// machine id, looks for ids first, then for titles, and takes only a whole number for an index.
    /// </summary>
    private GrubMenuEntry? Select(List<GrubMenuEntry> entries, string setting)
    {
        var digits = setting.AsSpan().IndexOfAnyExceptInRange('0', '9') is >= 0 and var end ? setting.AsSpan(0, end) : setting;
        var index = int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;
        if (BlsPosition is not null)
        {
            return entries.FirstOrDefault(e => e.Id == setting) ?? entries.FirstOrDefault(e => e.Title == setting)
                ?? (digits.Length == setting.Length ? entries.ElementAtOrDefault(index) : null);
        }

        return digits.IsEmpty ? entries.FirstOrDefault(e => e.Id == setting || e.Title == setting) : entries.ElementAtOrDefault(index);
    }

    /// <summary>Words as GRUB's shell sees them: quotes group, a backslash takes the next character as it is, '#' begins a comment.</summary>
    internal static List<string> Words(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var isOpen = false;
        var quote = '\0';
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (c == '\\' && quote != '\'' && i + 1 < line.Length)
            {
                word.Append(line[++i]);
                isOpen = true;
            }
            else if (quote != '\0')
            {
                if (c == quote)
                {
                    quote = '\0';
                }
                else
                {
                    word.Append(c);
                }
            }
            else if (c is '"' or '\'')
            {
                quote = c;
                isOpen = true;
            }
            else if (c == '#' && !isOpen)
            {
                break;
            }
            else if (char.IsWhiteSpace(c) || c == ';')
            {
                if (isOpen)
                {
                    words.Add(word.ToString());
                    word.Clear();
                    isOpen = false;
                }
            }
            else
            {
                word.Append(c);
                isOpen = true;
            }
        }

        if (isOpen)
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
