using System.Text;
using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>Finds VMware's package repositories in the settings of yum, zypper and apt, and switches them off.</summary>
internal static partial class HypervisorRepositories
{
    /// <summary>Sections of a .repo file whose baseurl or mirrorlist is at vmware.com get "enabled=0" (yum.conf(5)).</summary>
    public static string DisableSections(string text)
    {
        var result = new StringBuilder();
        var section = new List<string>();
        foreach (var line in TextLines.Split(text))
        {
            if (line.TrimStart().StartsWith('['))
            {
                Flush();
            }

            section.Add(line);
        }

        Flush();
        return result.ToString();

        void Flush()
        {
            if (section.Exists(l => Location().IsMatch(l)))
            {
                var isSet = false;
                for (var i = 0; i < section.Count; i++)
                {
                    isSet |= Enabled().IsMatch(section[i]);
                    section[i] = Enabled().Replace(section[i], "${head}0");
                }

                if (!isSet)
                {
                    section.Insert(1, "enabled=0\n");
                }
            }

            result.AppendJoin("", section);
            section.Clear();
        }
    }

    /// <summary>Lines "deb https://packages.vmware.com/..." become comments (sources.list(5)).</summary>
    public static string CommentOutLines(string text) =>
        TextLines.Edit(text, line => AptLine().IsMatch(line) ? "# " + line : line);

    [GeneratedRegex(@"^\s*(baseurl|mirrorlist|metalink)\s*=\s*https?://([^/\s]+\.)?vmware\.com(:[0-9]+)?/", RegexOptions.IgnoreCase)]
    private static partial Regex Location();

    [GeneratedRegex(@"^(?<head>\s*enabled\s*=\s*)\S+")]
    private static partial Regex Enabled();

    [GeneratedRegex(@"^\s*deb(-src)?\s+(\[[^\]]*\]\s+)?https?://([^/\s]+\.)?vmware\.com(:[0-9]+)?/", RegexOptions.IgnoreCase)]
    private static partial Regex AptLine();
}
