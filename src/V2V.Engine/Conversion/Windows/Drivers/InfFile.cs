using System.Text;
using System.Text.Unicode;

namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>
/// The sections of an INF file and their lines (learn.microsoft.com, "General Syntax Rules for INF Files"). Sections of one name are one section;
/// names are compared without regard to case; %tokens% are replaced by what the section Strings has for them.
/// </summary>
internal sealed class InfFile
{
    /// <summary>The longest of virtio-win has 20 KB, the longest of Windows itself 2 MB.</summary>
    public const int MaxLength = 4 << 20;

    /// <summary>What tokens may make of one value: longer than any path, id or description.</summary>
    private const int MaxValueLength = 1 << 16;

    private static readonly StringComparer s_comparer = StringComparer.OrdinalIgnoreCase;

    private readonly Dictionary<string, List<InfLine>> _sections = new(s_comparer);
    private readonly Dictionary<string, string> _strings = new(s_comparer);

    public IEnumerable<string> Sections => _sections.Keys;

    /// <exception cref="InvalidDataException">It is not an INF file for Windows NT.</exception>
    public static InfFile Parse(ReadOnlySpan<byte> content)
    {
        var file = new InfFile();
        List<InfLine>? section = null;
        foreach (var line in InfText.LogicalLines(Decode(content)))
        {
            if (line is ['[', ..] && line.IndexOf(']', StringComparison.Ordinal) is > 0 and var end)
            {
                var name = line[1..end].Trim();
                if (!file._sections.TryGetValue(name, out section))
                {
                    file._sections[name] = section = [];
                }
            }
            else
            {
                section?.Add(InfText.ParseLine(line));
            }
        }

        foreach (var line in file.Raw("Strings"))
        {
            if (line is { Key: { } key, Values: [var value, ..] })
            {
                file._strings.TryAdd(key, value);
            }
        }

        // "$Chicago$" was Windows 95's and stands for all systems.
        return file.Value("Version", "Signature") is { } signature
            && (signature.Equals("$Windows NT$", StringComparison.OrdinalIgnoreCase) || signature.Equals("$Chicago$", StringComparison.OrdinalIgnoreCase))
            ? file
            : throw new InvalidDataException("it has no section Version with the signature $Windows NT$");
    }

    public bool Has(string section) => _sections.ContainsKey(section);

    /// <summary>A section's lines with their tokens replaced; none when there is no such section.</summary>
    public IEnumerable<InfLine> Lines(string section) =>
        Raw(section).Select(line => new InfLine(line.Key is null ? null : Expand(line.Key), [.. line.Values.Select(Expand)]));

    /// <summary>The first value of a key's first line; null when there is none or it is empty.</summary>
    public string? Value(string section, string key) =>
        Raw(section).FirstOrDefault(line => s_comparer.Equals(line.Key, key)) is { Values: [{ Length: > 0 } value, ..] } ? Expand(value) : null;

    private IEnumerable<InfLine> Raw(string section) => _sections.GetValueOrDefault(section) ?? Enumerable.Empty<InfLine>();

    /// <summary>UTF-16 with a byte order mark, UTF-8, or the code page of the author, of which only ASCII matters here.</summary>
    private static string Decode(ReadOnlySpan<byte> content) =>
        content is [0xFF, 0xFE, ..] ? Encoding.Unicode.GetString(content[2..])
        : content is [0xFE, 0xFF, ..] ? Encoding.BigEndianUnicode.GetString(content[2..])
        : content is [0xEF, 0xBB, 0xBF, ..] ? Encoding.UTF8.GetString(content[3..])
        : Utf8.IsValid(content) ? Encoding.UTF8.GetString(content)
        : Encoding.Latin1.GetString(content);

    /// <summary>"%%" is a per cent sign; a token without a string, such as the directory %12%, stays as it is.</summary>
    private string Expand(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder();
        for (var i = 0; i < text.Length && result.Length < MaxValueLength;)
        {
            var end = text[i] == '%' ? text.IndexOf('%', i + 1) : -1;
            if (end < 0)
            {
                result.Append(text[i++]);
                continue;
            }

            var token = text[(i + 1)..end];
            result.Append(token.Length == 0 ? "%" : _strings.GetValueOrDefault(token) ?? $"%{token}%");
            i = end + 1;
        }

        return result.ToString();
    }
}

/// <param name="Key">What stands before '='; null for a line without.</param>
/// <param name="Values">What is separated by commas, without quotation marks.</param>
internal sealed record InfLine(string? Key, IReadOnlyList<string> Values)
{
    public string Value(int index) => index < Values.Count ? Values[index] : "";
}
