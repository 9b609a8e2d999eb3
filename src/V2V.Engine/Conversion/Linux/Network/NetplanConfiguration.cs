using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>
/// The "ethernets" of /etc/netplan/*.yaml. Only the block style that netplan, its installers and cloud-init write is understood, with flow
/// mappings ({...}) as values; a file that cannot be read that way yields nothing, which the caller notices by <see cref="IsUnderstood"/>.
/// </summary>
internal static partial class NetplanConfiguration
{
    private const string Directory = "/etc/netplan";

    /// <summary>No interface's name.</summary>
    private const string NotUnderstoodKey = "?";

    public static IEnumerable<InterfaceUse> Read(GuestRoot root) =>
        Files(root).SelectMany(path => Parse(root.ReadAllText(path), path).Select(e => e.ToUse(path)).OfType<InterfaceUse>());

    /// <summary>Files that have Ethernet settings of which none could be read.</summary>
    public static IEnumerable<string> NotUnderstood(GuestRoot root) => Files(root).Where(path => !IsUnderstood(root.ReadAllText(path), path));

    /// <summary>Files that choose adapters by a driver that the new hardware does not use.</summary>
    public static IEnumerable<(string Path, string Driver)> DriverMatches(GuestRoot root) =>
        Files(root).SelectMany(path => Parse(root.ReadAllText(path), path).Where(e => e.Driver is not null).Select(e => (path, e.Driver!)));

    private static bool IsUnderstood(string text, string path) => !EthernetsKey().IsMatch(text) || Parse(text, path).Count > 0 || EmptyEthernets().IsMatch(text);

    private static IEnumerable<string> Files(GuestRoot root) => Glob.Expand(root, $"{Directory}/*.yaml").Where(root.FileExists);

    internal static List<Ethernet> Parse(string text, string path)
    {
        var found = new List<Ethernet>();
        var keys = new List<(int Indent, string Key)>();
        foreach (var raw in TextLines.Split(text))
        {
            var line = StripComment(raw.TrimEnd());
            var content = line.TrimStart(' ');
            if (content.Length == 0 || content == "---")
            {
                continue;
            }

            var indent = line.Length - content.Length;
            var item = content.StartsWith("- ", StringComparison.Ordinal) ? content[2..].Trim() : null;

            // A list may stand at the indentation of its key.
            keys.RemoveAll(k => item is null ? k.Indent >= indent : k.Indent > indent);
            if (item is not null)
            {
                Apply(found, keys, value: item);
            }
            else if (KeyValue().Match(content) is { Success: true } match)
            {
                keys.Add((indent, Unquote(match.Groups["key"].Value)));
                Apply(found, keys, match.Groups["value"].Value.Trim());
            }
            else
            {
                // What stands below a key that was not understood must not be taken for the level above.
                keys.Add((indent, NotUnderstoodKey));
            }
        }

        return found;
    }

    private static void Apply(List<Ethernet> found, List<(int Indent, string Key)> keys, string value)
    {
        if (keys.Count < 3 || keys[0].Key != "network" || keys[1].Key != "ethernets")
        {
            return;
        }

        var id = keys[2].Key;
        if (id == NotUnderstoodKey)
        {
            return;
        }

        var ethernet = found.FirstOrDefault(e => e.Id == id);
        if (ethernet is null)
        {
            found.Add(ethernet = new Ethernet(id));
        }

        var below = keys.Skip(3).Select(k => k.Key).ToList();
        Set(ethernet, below, value);
    }

    private static void Set(Ethernet ethernet, List<string> keys, string value)
    {
        if (value.StartsWith('{'))
        {
            // "match: {macaddress: ..., name: ...}": pairs of one level, or of two for the whole interface.
            foreach (Match pair in FlowPair().Matches(value))
            {
                Set(ethernet, [.. keys, .. NestedMatch(value, pair.Index) ? ["match"] : Array.Empty<string>(), Unquote(pair.Groups["key"].Value)], pair.Groups["value"].Value.Trim());
            }

            return;
        }

        switch (keys)
        {
            case ["match", "macaddress"]:
                ethernet.MacAddress = InterfaceUse.ParseMac(value);
                break;
            case ["match", "name"]:
                ethernet.MatchName = Unquote(value);
                break;
            case ["match", "driver"]:
                ethernet.Driver = Unquote(value);
                break;
            case ["set-name"]:
                ethernet.SetName = Unquote(value);
                break;
            case ["addresses"] when value.Length > 0:
                ethernet.Address ??= Unquote(value.TrimStart('[').Split(',')[0].TrimEnd(']').TrimEnd(':').Trim());
                break;
        }
    }

    /// <summary>True for pairs within the inner braces of "{match: {macaddress: ...}, dhcp4: true}".</summary>
    private static bool NestedMatch(string value, int index)
    {
        var start = value.IndexOf("match:", StringComparison.Ordinal);
        var end = start < 0 ? -1 : value.IndexOf('}', start);
        return start >= 0 && index > start && index < end;
    }

    /// <summary>'#' begins a comment at the start of a line or after a blank, outside quotes.</summary>
    private static string StripComment(string line)
    {
        var quote = '\0';
        for (var i = 0; i < line.Length; i++)
        {
            if (quote != '\0')
            {
                quote = line[i] == quote ? '\0' : quote;
            }
            else if (line[i] is '"' or '\'')
            {
                quote = line[i];
            }
            else if (line[i] == '#' && (i == 0 || line[i - 1] is ' ' or '\t'))
            {
                return line[..i].TrimEnd();
            }
        }

        return line;
    }

    private static string Unquote(string text) => text.Trim().Trim('"', '\'');

    [GeneratedRegex(@"^(?<key>""[^""]*""|'[^']*'|[^\s:""'{}\[\]][^:{}\[\]]*?)\s*:(\s+(?<value>.*))?\z")]
    private static partial Regex KeyValue();

    [GeneratedRegex(@"(?<key>[A-Za-z0-9""'-]+)\s*:\s+(?<value>\[[^\]]*\]|""[^""]*""|'[^']*'|[^,{}\[\]]+)")]
    private static partial Regex FlowPair();

    [GeneratedRegex(@"^\s*[""']?ethernets[""']?\s*:", RegexOptions.Multiline)]
    private static partial Regex EthernetsKey();

    [GeneratedRegex(@"ethernets[""']?\s*:\s*\{\s*\}")]
    private static partial Regex EmptyEthernets();

    internal sealed class Ethernet(string id)
    {
        public string Id { get; } = id;

        public string? MacAddress { get; set; }

        public string? MatchName { get; set; }

        public string? Driver { get; set; }

        public string? SetName { get; set; }

        public string? Address { get; set; }

        /// <summary>Without "match" the id is the interface's name; with it, the id is only a word (netplan(5), "Properties for physical device types").</summary>
        public InterfaceUse? ToUse(string path)
        {
            if (MacAddress is not null)
            {
                return new InterfaceUse(SetName ?? Id, path, MacAddress, Address, IsPinned: true);
            }

            // By driver, the caller is warned; by a pattern, any adapter will do.
            var name = MatchName ?? (Driver is null ? Id : null);
            return name is null || name.AsSpan().IndexOfAny('*', '?', '[') >= 0 ? null : new InterfaceUse(name, path, Address: Address);
        }
    }
}
