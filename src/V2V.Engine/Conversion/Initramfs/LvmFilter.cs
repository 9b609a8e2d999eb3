using System.Text.RegularExpressions;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// The settings "filter" and "global_filter" of lvm.conf(5): patterns such as "a|^/dev/sda|" or "r/.*/", of which the first that matches a
/// device's name accepts or rejects it. What none matches is accepted.
/// </summary>
internal static partial class LvmFilter
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(1);

    /// <summary>Lets every filter that rejects the new disks accept them, by a pattern in front; others stay as they are.</summary>
    /// <param name="text">The content of lvm.conf.</param>
    /// <param name="diskPrefix">"vd" or "sd".</param>
    public static string Accept(string text, string diskPrefix) => Setting().Replace(text, match =>
    {
        var list = match.Groups["list"];
        if (Pattern().Matches(list.Value).Select(m => m.Groups["pattern"].Value).ToList() is var patterns && Accepts(patterns, $"/dev/{diskPrefix}a2"))
        {
            return match.Value;
        }

        var rest = list.Value.TrimStart('[').TrimEnd(']').Trim();
        return $"{match.Groups["head"].Value}[ \"a|^/dev/{diskPrefix}[a-z]+[0-9]*$|\", {rest} ]";
    });

    private static bool Accepts(List<string> patterns, string device)
    {
        foreach (var pattern in patterns)
        {
            if (Matches(pattern, device))
            {
                return pattern[0] == 'a';
            }
        }

        return true;
    }

    /// <summary>A letter, a delimiter of the author's choice, a regular expression, the delimiter's partner.</summary>
    private static bool Matches(string pattern, string device)
    {
        try
        {
            return pattern.Length > 3 && Regex.IsMatch(device, pattern[2..^1], RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, s_limit);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException or RegexMatchTimeoutException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^(?<head>[ \t]*(devices/)?(global_)?filter\s*=\s*)(?<list>\[\s*(""[^""\n]*""\s*(,\s*)?)*\]|""[^""\n]*"")", RegexOptions.Multiline)]
    private static partial Regex Setting();

    [GeneratedRegex(@"""(?<pattern>[^""\n]+)""")]
    private static partial Regex Pattern();
}
