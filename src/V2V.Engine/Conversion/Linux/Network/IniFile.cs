using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>Sections and keys of systemd's units and NetworkManager's keyfiles. A key that stands several times keeps all of its values.</summary>
internal static class IniFile
{
    public static ILookup<(string Section, string Key), string> Parse(string text)
    {
        var pairs = new List<((string Section, string Key) Name, string Value)>();
        var section = "";
        foreach (var line in TextLines.Split(text).Select(l => l.Trim()))
        {
            if (line.StartsWith('[') && line.EndsWith(']'))
            {
                section = line[1..^1];
            }
            else if (line.Length > 0 && line[0] is not ('#' or ';') && line.IndexOf('=') is > 0 and var equals)
            {
                pairs.Add(((section, line[..equals].TrimEnd()), line[(equals + 1)..].TrimStart()));
            }
        }

        return pairs.ToLookup(p => p.Name, p => p.Value);
    }
}
