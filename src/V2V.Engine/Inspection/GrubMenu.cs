using System.Globalization;
using System.Text;

namespace V2V.Engine.Inspection;

/// <summary>An entry of a generated grub.cfg that boots a kernel, or a submenu of such entries.</summary>
internal sealed class GrubMenuEntry
{
    public required string Title { get; init; }

    /// <summary>The value of --id or $menuentry_id_option; null when it has none.</summary>
    public string? Id { get; init; }

    /// <summary>Path of the kernel as grub.cfg has it, relative to GRUB's root device.</summary>
    public string? Kernel { get; set; }

    public IReadOnlyList<string> Arguments { get; set; } = [];

    public IReadOnlyList<string> InitialRamdisks { get; set; } = [];

    public bool IsSubmenu { get; init; }

    public List<GrubMenuEntry> Children { get; } = [];
}

/// <summary>
/// The menu of a GRUB 2 configuration, read as far as grub-mkconfig writes it: nested menuentry and submenu blocks, their linux and initrd
/// commands, and the default. It is no interpreter of GRUB's shell; what a condition would have decided is not known here.
/// </summary>
internal sealed class GrubMenu
{
    /// <summary>Deeper than any tool nests, so that a hostile file cannot exhaust anything.</summary>
    private const int MaxDepth = 16;

    public List<GrubMenuEntry> Entries { get; } = [];

    /// <summary>What "default" is set to when neither next_entry nor the environment overrides it.</summary>
    public string? DefaultSetting { get; private set; }

    public static GrubMenu Parse(string text)
    {
        var menu = new GrubMenu();
        // What encloses the current line; null for blocks that are not menus ("if", functions, other braces).
        var blocks = new Stack<GrubMenuEntry?>();
        foreach (var line in TextLines.Split(text))
        {
            var words = Words(line);
            if (words.Count == 0)
            {
                continue;
            }

            switch (words[0])
            {
                case "menuentry" or "submenu" when words.Count > 1 && words[^1] == "{":
                    var entry = NewEntry(words);
                    (blocks.FirstOrDefault(b => b is { IsSubmenu: true })?.Children ?? menu.Entries).Add(entry);
                    blocks.Push(blocks.Count < MaxDepth ? entry : null);
                    break;
                case "linux" or "linux16" or "linuxefi" when words.Count > 1 && blocks.TryPeek(out var open) && open is { Kernel: null }:
                    open.Kernel = words[1];
                    open.Arguments = words[2..];
                    break;
                case "initrd" or "initrd16" or "initrdefi" when blocks.TryPeek(out var current) && current is not null:
                    current.InitialRamdisks = words[1..];
                    break;
                case "set" when words.Count == 2 && words[1].StartsWith("default=", StringComparison.Ordinal):
                    var value = words[1]["default=".Length..];
                    // The branch for "boot this entry once" stands beside the lasting setting.
                    menu.DefaultSetting = value.Contains("next_entry", StringComparison.Ordinal) ? menu.DefaultSetting : value;
                    break;
                case "}":
                    blocks.TryPop(out _);
                    break;
                default:
                    if (words[^1] == "{" && blocks.Count < 10 * MaxDepth)
                    {
                        blocks.Push(null);
                    }

                    break;
            }
        }

        return menu;
    }

    /// <summary>The entry that boots when nobody chooses; null when it cannot be told.</summary>
    /// <param name="environment">The variables of grubenv.</param>
    public GrubMenuEntry? DefaultEntry(IReadOnlyDictionary<string, string> environment)
    {
        var setting = environment.GetValueOrDefault("next_entry", "");
        if (setting.Length == 0)
        {
            setting = DefaultSetting ?? "0";
            setting = setting.Contains("saved_entry", StringComparison.Ordinal) ? environment.GetValueOrDefault("saved_entry", "0") : setting;
        }

        setting = setting.Length == 0 ? "0" : setting;

        // A title may contain '>', so the whole is tried first; then each part leads one submenu deeper.
        var found = Select(Entries, setting);
        if (found is null)
        {
            var level = Entries;
            foreach (var part in setting.Split('>'))
            {
                found = Select(level, part.Trim());
                if (found is null)
                {
                    break;
                }

                level = found.Children;
            }
        }

        // GRUB falls back to the first entry when the default is not there.
        found ??= Entries.FirstOrDefault();
        while (found is { IsSubmenu: true })
        {
            found = found.Children.FirstOrDefault();
        }

        return found;
    }

    /// <summary>The lines "name=value" of a grubenv block, which is padded with '#'.</summary>
    public static Dictionary<string, string> ParseEnvironment(string text)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n'))
        {
            var equals = line.IndexOf('=');
            if (equals > 0 && line[0] != '#')
            {
                values[line[..equals]] = line[(equals + 1)..];
            }
        }

        return values;
    }

    private static GrubMenuEntry? Select(List<GrubMenuEntry> entries, string setting) =>
        int.TryParse(setting, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? entries.ElementAtOrDefault(index)
            : entries.FirstOrDefault(e => e.Id == setting) ?? entries.FirstOrDefault(e => e.Title == setting);

    private static GrubMenuEntry NewEntry(List<string> words)
    {
        var option = words.FindIndex(w => w is "--id" or "$menuentry_id_option" or "${menuentry_id_option}");
        return new GrubMenuEntry
        {
            Title = words[1],
            Id = option >= 0 && option + 1 < words.Count ? words[option + 1] : null,
            IsSubmenu = words[0] == "submenu",
        };
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
