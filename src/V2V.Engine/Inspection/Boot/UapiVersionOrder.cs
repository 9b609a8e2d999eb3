namespace V2V.Engine.Inspection.Boot;

/// <summary>
/// The order of versions and file names that systemd-boot uses (UAPI.10, Version Format Specification): rpm's, but that separators count, from
/// lowest to highest '~', the end, '-', '^' and '.'.
/// </summary>
internal static class UapiVersionOrder
{
    private const string SeparatorsBelowCharacters = "-^.";

    public static int Compare(string a, string b)
    {
        int i = 0, j = 0;
        while (true)
        {
            SkipOthers(a, ref i);
            SkipOthers(b, ref j);
            if (Differ(a, b, ref i, ref j, '~') is { } tilde)
            {
                return tilde;
            }

            if (i == a.Length || j == b.Length)
            {
                // Of names that differ in leading zeros only, the one that is higher as text is.
                return i == a.Length && j == b.Length ? string.CompareOrdinal(a, b) : (i < a.Length).CompareTo(j < b.Length);
            }

            foreach (var separator in SeparatorsBelowCharacters)
            {
                if (Differ(a, b, ref i, ref j, separator) is { } order)
                {
                    return order;
                }
            }

            var isNumber = char.IsAsciiDigit(At(a, i));
            if (isNumber != char.IsAsciiDigit(At(b, j)))
            {
                return isNumber ? 1 : -1;
            }

            var x = Run(a, ref i, isNumber);
            var y = Run(b, ref j, isNumber);
            var compared = isNumber && x.Length != y.Length ? x.Length.CompareTo(y.Length) : x.SequenceCompareTo(y);
            if (compared != 0)
            {
                return compared;
            }
        }
    }

    /// <summary>The string that has the separator here is the lower one; when both have it, it is passed.</summary>
    private static int? Differ(string a, string b, ref int i, ref int j, char separator)
    {
        var (left, right) = (At(a, i) == separator, At(b, j) == separator);
        if (left != right)
        {
            return right.CompareTo(left);
        }

        i += left ? 1 : 0;
        j += left ? 1 : 0;
        return null;
    }

    private static char At(string text, int index) => index < text.Length ? text[index] : '\0';

    private static void SkipOthers(string text, ref int at)
    {
        while (at < text.Length && !char.IsAsciiLetterOrDigit(text[at]) && text[at] is not ('~' or '-' or '^' or '.'))
        {
            at++;
        }
    }

    /// <summary>The run of digits (without leading zeros) or letters at <paramref name="at"/>.</summary>
    private static ReadOnlySpan<char> Run(string text, ref int at, bool isNumber)
    {
        var start = at;
        while (at < text.Length && (isNumber ? char.IsAsciiDigit(text[at]) : char.IsAsciiLetter(text[at])))
        {
            at++;
        }

        var run = text.AsSpan(start, at - start);
        return isNumber ? run.TrimStart('0') : run;
    }
}
