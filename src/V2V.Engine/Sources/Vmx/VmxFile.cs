using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace V2V.Engine.Sources.Vmx;

/// <summary>
/// The settings of a .vmx file: lines of <c>key = "value"</c>. Keys differ in nothing but case, <c>#</c> starts a comment line, and
/// <c>|XX</c> in a value stands for the character with that hexadecimal code. VMware documents no grammar; these are the rules that its
/// products follow when they write and read one.
/// </summary>
internal sealed class VmxFile
{
    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Concern> _concerns = [];

    private VmxFile(string path) => Path = path;

    public string Path { get; }

    /// <summary>Lines that could not be understood, and repeated keys.</summary>
    public IReadOnlyList<Concern> Concerns => _concerns;

    public IEnumerable<string> Keys => _values.Keys;

    /// <summary>The value of a key, or null when it is not set.</summary>
    public string? this[string key] => _values.GetValueOrDefault(key);

    public static VmxFile Parse(string path, ReadOnlySpan<byte> content)
    {
        var file = new VmxFile(path);
        var number = 0;
        foreach (var line in VmxEncoding.Decode(content).AsSpan().EnumerateLines())
        {
            number++;
            var text = line.Trim();
            // A byte order mark and the NULs that a crashed host leaves at the end are no settings.
            text = text.Trim("\uFEFF\0");
            if (text.IsEmpty || text[0] == '#')
            {
                continue;
            }

            file.AddLine(text, number);
        }

        return file;
    }

    /// <summary>True or false for TRUE/FALSE in any case (and 1/0, yes/no); null when the key is not set or says something else.</summary>
    public bool? Boolean(string key) => this[key]?.Trim().ToUpperInvariant() switch
    {
        "TRUE" or "1" or "YES" or "T" or "Y" => true,
        "FALSE" or "0" or "NO" or "F" or "N" => false,
        _ => null,
    };

    /// <summary>A value that is a whole number.</summary>
    /// <returns>False when the key is not set or is no number.</returns>
    public bool TryGetNumber(string key, out long number)
    {
        number = 0;
        return this[key] is { } text && long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>True unless the device says that it is not there. Devices without the key are: older products left it out.</summary>
    public bool IsPresent(string device) => Boolean($"{device}.present") != false;

    public bool TryGetValue(string key, [NotNullWhen(true)] out string? value) => _values.TryGetValue(key, out value);

    private void AddLine(ReadOnlySpan<char> line, int number)
    {
        var equals = line.IndexOf('=');
        var key = equals < 0 ? default : line[..equals].Trim();
        if (key.IsEmpty || key.ContainsAny(' ', '"'))
        {
            SourceConcerns.AddLine(_concerns, new Concern(
                ConcernSeverity.Warning, "VmxLineIgnored", $"{Path}, line {number} is no \"key = value\" and was ignored."));
            return;
        }

        var value = line[(equals + 1)..].Trim();
        if (value.Length >= 2 && value[0] == '"' && value[^1] == '"')
        {
            value = value[1..^1];
        }

        if (!_values.TryAdd(key.ToString(), Unescape(value)))
        {
            SourceConcerns.AddLine(_concerns, new Concern(
                ConcernSeverity.Warning, "VmxKeyRepeated", $"{Path}, line {number} sets {key} again; the first value is kept."));
        }
    }

    private static string Unescape(ReadOnlySpan<char> value)
    {
        if (!value.Contains('|'))
        {
            return value.ToString();
        }

        var text = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '|' && i + 2 < value.Length
                && byte.TryParse(value.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            {
                text.Append((char)code);
                i += 2;
            }
            else
            {
                text.Append(value[i]);
            }
        }

        return text.ToString();
    }
}
