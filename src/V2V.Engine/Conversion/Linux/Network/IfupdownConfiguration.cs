using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>/etc/network/interfaces and what it sources (interfaces(5)). hwaddress sets an adapter's address there; it finds none.</summary>
internal static class IfupdownConfiguration
{
    private const string Main = "/etc/network/interfaces";

    /// <summary>Sourced files may source others; nobody nests deeper, and a file that sources itself ends here.</summary>
    private const int MaxDepth = 8;

    public static IEnumerable<InterfaceUse> Read(GuestRoot root)
    {
        var uses = new List<InterfaceUse>();
        Read(root, Main, uses, depth: 0);
        return uses;
    }

    private static void Read(GuestRoot root, string path, List<InterfaceUse> uses, int depth)
    {
        if (depth > MaxDepth || root.TryReadAllText(path) is not { } text)
        {
            return;
        }

        string? current = null;
        foreach (var words in LogicalLines(text).Select(l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Where(w => w.Length > 0))
        {
            switch (words[0])
            {
                case "source" when words.Length > 1:
                    foreach (var file in Glob.Expand(root, FromMain(words[1])))
                    {
                        Read(root, file, uses, depth + 1);
                    }

                    current = null;
                    break;
                case "source-directory" when words.Length > 1:
                    // Names as run-parts accepts them (interfaces(5), INCLUDING OTHER FILES).
                    var directory = FromMain(words[1]).TrimEnd('/');
                    foreach (var file in root.Enumerate(directory).Where(e => e.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')))
                    {
                        Read(root, $"{directory}/{file.Name}", uses, depth + 1);
                    }

                    current = null;
                    break;
                case "auto":
                case var word when word.StartsWith("allow-", StringComparison.Ordinal) || word.StartsWith("no-auto", StringComparison.Ordinal):
                    current = null;
                    Add(uses, words.Skip(1), path);
                    break;
                case "iface" when words.Length > 1:
                    current = words[1];
                    Add(uses, [current], path);
                    break;
                case "mapping":
                    current = null;
                    break;
                case "address" when current is not null && words.Length > 1:
                    var name = InterfaceUse.BaseName(current);
                    var index = uses.FindIndex(u => u.Name == name && u.File == path);
                    if (index >= 0)
                    {
                        uses[index] = uses[index] with { Address = uses[index].Address ?? words[1] };
                    }

                    break;
                case "bridge_ports" or "bridge-ports" or "bond-slaves" or "slaves" or "bond_slaves" or "vlan-raw-device" or "vlan_raw_device":
                    Add(uses, words.Skip(1), path);
                    break;
            }
        }
    }

    private static void Add(List<InterfaceUse> uses, IEnumerable<string> names, string path)
    {
        foreach (var word in names)
        {
            // "ens192=office" gives the interface a logical name.
            var name = InterfaceUse.BaseName(word.Split('=')[0]);
            if (InterfaceUse.IsPhysical(name) && !uses.Any(u => u.Name == name && u.File == path))
            {
                uses.Add(new InterfaceUse(name, path));
            }
        }
    }

    /// <summary>Lines joined where they end in a backslash, comments left out.</summary>
    private static IEnumerable<string> LogicalLines(string text)
    {
        var pending = "";
        foreach (var line in TextLines.Split(text).Select(l => l.TrimEnd('\n', '\r')))
        {
            if (pending.Length == 0 && line.TrimStart().StartsWith('#'))
            {
                continue;
            }

            if (line.EndsWith('\\'))
            {
                pending += line[..^1] + " ";
                continue;
            }

            yield return pending + line;
            pending = "";
        }

        yield return pending;
    }

    private static string FromMain(string path) => path.StartsWith('/') ? path : $"/etc/network/{path}";
}
