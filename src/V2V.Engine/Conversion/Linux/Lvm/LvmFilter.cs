using System.Text.RegularExpressions;

namespace V2V.Engine.Conversion.Linux.Lvm;

/// <summary>What a filter does with a device.</summary>
internal enum LvmFilterVerdict
{
    Accepts,
    Rejects,

    /// <summary>It has a pattern that was not understood.</summary>
    Unknown,
}

/// <summary>
/// A list of patterns such as "a|^/dev/sda|" (accept) and "r|.*|" (reject). The first that matches a name decides about it; a device is used
/// when one of its names is accepted, or when no pattern matches any of them (lvm.conf(5); lvm2, lib/filters/filter-regex.c).
/// </summary>
internal sealed class LvmFilter
{
    /// <summary>More than anybody writes by hand or needs; bounds the work that a made-up list asks for.</summary>
    private const int MaxPatterns = 500;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(1);

    /// <summary>Links that udev and multipath make from serial numbers and places on a bus, none of which is known from the disks' contents.</summary>
    private static readonly string[] s_hardwareNames = ["by-id", "by-path", "mpath", "mapper", "dm-", "emcpower", "dasd"];

    private readonly List<(bool Accepts, Regex? Expression)> _patterns;

    internal LvmFilter(IEnumerable<string> patterns)
    {
        var texts = patterns.ToList();
        _patterns = texts.Count <= MaxPatterns ? [.. texts.Select(Parse)] : [(false, null)];
        AcceptsHardwareNames = texts.Any(t => t.StartsWith('a') && Array.Exists(s_hardwareNames, n => t.Contains(n, StringComparison.Ordinal)));
    }

    /// <summary>True when disks may have been accepted by names that are not known here.</summary>
    internal bool AcceptsHardwareNames { get; }

    /// <param name="names">Every name of the device below /dev.</param>
    internal LvmFilterVerdict Judge(IEnumerable<string> names)
    {
        var isRejected = false;
        foreach (var name in names)
        {
            switch (JudgeName(name))
            {
                case LvmFilterVerdict.Accepts:
                    return LvmFilterVerdict.Accepts;
                case LvmFilterVerdict.Unknown:
                    return LvmFilterVerdict.Unknown;
                case LvmFilterVerdict.Rejects:
                    isRejected = true;
                    break;
            }
        }

        return isRejected ? LvmFilterVerdict.Rejects : LvmFilterVerdict.Accepts;
    }

    /// <summary>Null when no pattern matches the name.</summary>
    private LvmFilterVerdict? JudgeName(string name)
    {
        foreach (var (accepts, expression) in _patterns)
        {
            try
            {
                if (expression is null)
                {
                    return LvmFilterVerdict.Unknown;
                }

                if (expression.IsMatch(name))
                {
                    return accepts ? LvmFilterVerdict.Accepts : LvmFilterVerdict.Rejects;
                }
            }
            catch (RegexMatchTimeoutException)
            {
                return LvmFilterVerdict.Unknown;
            }
        }

        return null;
    }

    /// <summary>A letter, a delimiter of the author's choice (a bracket ends with its partner), an expression, the delimiter.</summary>
    private static (bool Accepts, Regex? Expression) Parse(string pattern)
    {
        if (pattern.Length < 3 || pattern[0] is not ('a' or 'r') || pattern[^1] != Partner(pattern[1]))
        {
            return (false, null);
        }

        try
        {
            // LVM's expressions are the plain part of everybody's. A guest's are not to take longer than they should.
            return (pattern[0] == 'a', new Regex(pattern[2..^1], RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, s_limit));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return (false, null);
        }
    }

    private static char Partner(char delimiter) => delimiter switch { '(' => ')', '[' => ']', '{' => '}', _ => delimiter };
}
