using System.Text;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Boot;

/// <summary>
/// GRUB's environment block (grub-core/lib/envblk.c): a signature, lines "name=value" in which a backslash takes the next character as it is, and
/// '#' up to the end. GRUB writes it in place, sector by sector, so its size (1024 bytes) must never change.
/// </summary>
internal sealed class GrubEnvironment
{
    /// <summary>What grub-editenv creates.</summary>
    private const int StandardLength = 1024;

    /// <summary>The most that is taken for an environment block.</summary>
    private const long MaxLength = 64 << 10;

    private const string Signature = "# GRUB Environment Block\n";

    /// <summary>Lines with their ends, comments among them, without the padding.</summary>
    private readonly List<string> _lines;

    private readonly int _length;

    private GrubEnvironment(List<string> lines, int length)
    {
        _lines = lines;
        _length = length;
    }

    public static GrubEnvironment Create() => new([Signature], StandardLength);

    /// <summary>Null when there is no file, or one that is no environment block.</summary>
    public static GrubEnvironment? TryRead(GuestRoot root, string path) =>
        root.Find(path) is { IsRegular: true, Length: > 0 and <= MaxLength } ? TryParse(root.ReadAllText(path)) : null;

    public static GrubEnvironment? TryParse(string block) => block.StartsWith(Signature, StringComparison.Ordinal)
        ? new GrubEnvironment([.. Lines(block).Where(l => l.EndsWith('\n') || l[0] != '#')], GuestText.Encode(block).Length)
        : null;

    /// <summary>A variable's value; null when it is not set. Setting null removes it.</summary>
    public string? this[string name]
    {
        get => IndexOf(name) is >= 0 and var index ? Unescape(_lines[index].AsSpan(name.Length + 1)) : null;
        set
        {
            var index = IndexOf(name);
            if (value is null)
            {
                _lines.RemoveAll(l => IsOf(l, name));
            }
            else if (index >= 0)
            {
                _lines[index] = $"{name}={Escape(value)}\n";
            }
            else
            {
                _lines.Add($"{name}={Escape(value)}\n");
            }
        }
    }

    /// <summary>The block, as long as it was; null when the values no longer fit into it.</summary>
    public string? ToBlock()
    {
        var text = string.Concat(_lines);
        var used = GuestText.Encode(text).Length;
        return used <= _length ? text + new string('#', _length - used) : null;
    }

    private int IndexOf(string name) => _lines.FindIndex(l => IsOf(l, name));

    private static bool IsOf(string line, string name) =>
        line.Length > name.Length && line[name.Length] == '=' && line.StartsWith(name, StringComparison.Ordinal);

    /// <summary>A line end after a backslash belongs to the value.</summary>
    private static IEnumerable<string> Lines(string text)
    {
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == '\n')
            {
                yield return text[start..(i + 1)];
                start = i + 1;
            }
        }

        if (start < text.Length)
        {
            yield return text[start..];
        }
    }

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\\n", StringComparison.Ordinal);

    private static string Unescape(ReadOnlySpan<char> value)
    {
        value = value.EndsWith("\n", StringComparison.Ordinal) ? value[..^1] : value;
        var text = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            text.Append(value[i] == '\\' && i + 1 < value.Length ? value[++i] : value[i]);
        }

        return text.ToString();
    }
}
