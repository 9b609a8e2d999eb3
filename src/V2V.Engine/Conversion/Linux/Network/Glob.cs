using System.IO.Enumeration;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>Shell patterns over a directory of the guest, as far as configuration files use them: '*' and '?' in the last component.</summary>
internal static class Glob
{
    public static IEnumerable<string> Expand(GuestRoot root, string pattern)
    {
        var slash = pattern.LastIndexOf('/');
        var (directory, name) = (pattern[..slash], pattern[(slash + 1)..]);
        if (!name.Contains('*') && !name.Contains('?'))
        {
            return [pattern];
        }

        return root.Enumerate(directory.Length == 0 ? "/" : directory)
            .Where(e => !e.Name.StartsWith('.') && FileSystemName.MatchesSimpleExpression(name, e.Name, ignoreCase: false))
            .Select(e => $"{directory}/{e.Name}");
    }
}
