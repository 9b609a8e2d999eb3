using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>
/// What hivexregedit shows of a hive. Keys and values by path, "\ControlSet001\Services\disk|Start"; names in lower case, since they are found in
/// any; values as the text of a .reg file, with their type: "dword:00000001", "hex(1):61,00,00,00".
/// </summary>
internal sealed partial class WindowsRegistryExport
{
    private WindowsRegistryExport(Dictionary<string, string> entries) => Entries = entries;

    /// <summary>Values, and keys with an empty text.</summary>
    internal Dictionary<string, string> Entries { get; }

    internal static WindowsRegistryExport Read(string hive)
    {
        ExternalTool.Need("hivexregedit");
        var entries = new Dictionary<string, string>(StringComparer.Ordinal);
        var key = "";
        foreach (var line in ExternalTool.Check("hivexregedit", "--export", hive, "\\").Split('\n').Select(l => l.TrimEnd('\r')))
        {
            if (line.StartsWith('['))
            {
                key = line[1..^1].ToLowerInvariant();
                entries.Add(key, "");
            }
            else if (ValueLine().Match(line) is { Success: true } match)
            {
                var name = match.Groups[1].Value == "@" ? "" : match.Groups[2].Value.Replace("\\\\", "\\", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal);
                entries.Add($"{key}|{name.ToLowerInvariant()}", match.Groups[3].Value);
            }
            else
            {
                Assert.True(line.Length == 0 || line.StartsWith("Windows Registry", StringComparison.Ordinal), line);
            }
        }

        return new WindowsRegistryExport(entries);
    }

    internal string? Find(string path, string name) => Entries.GetValueOrDefault($"{path.ToLowerInvariant()}|{name.ToLowerInvariant()}");

    /// <summary>What differs: "+ path" is new, "- path" is gone, "~ path" has another type or data.</summary>
    internal IEnumerable<string> Differences(WindowsRegistryExport later) =>
        Entries.Keys.Union(later.Entries.Keys).Order(StringComparer.Ordinal)
            .Select(p => (p, Before: Entries.GetValueOrDefault(p), After: later.Entries.GetValueOrDefault(p)))
            .Where(d => d.Before != d.After)
            .Select(d => $"{(d.Before is null ? "+" : d.After is null ? "-" : "~")} {d.p}");

    internal static string Dword(uint value) => string.Create(CultureInfo.InvariantCulture, $"dword:{value:x8}");

    internal static string Sz(string text) => Hex(1, Encoding.Unicode.GetBytes(text + "\0"));

    internal static string Expand(string text) => Hex(2, Encoding.Unicode.GetBytes(text + "\0"));

    internal static string Multi(params string[] texts) => Hex(7, Encoding.Unicode.GetBytes(string.Concat(texts.Select(t => t + "\0")) + "\0"));

    internal static string Binary(string hexadecimal) => Hex(3, Convert.FromHexString(hexadecimal));

    private static string Hex(int type, byte[] bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"hex({type}):{string.Join(',', bytes.Select(b => b.ToString("x2", CultureInfo.InvariantCulture)))}");

    [GeneratedRegex("""^(@|"((?:[^"\\]|\\.)*)")=(.*)$""")]
    private static partial Regex ValueLine();
}
