namespace V2V.Engine.Inspection.Boot;

/// <summary>
/// The order of version strings that rpm (rpmvercmp) and GRUB's blscfg use: runs of digits by value, runs of letters by character, digits after
/// letters, '~' before everything; other characters only separate.
/// </summary>
internal static class RpmVersionOrder
{
    public static int Compare(string a, string b)
    {
        int i = 0, j = 0;
        while (true)
        {
            SkipSeparators(a, ref i);
            SkipSeparators(b, ref j);
            if (At(a, i) == '~' || At(b, j) == '~')
            {
                if (At(a, i) != At(b, j))
                {
                    return At(a, i) == '~' ? -1 : 1;
                }

                i++;
                j++;
                continue;
            }

            if (i == a.Length || j == b.Length)
            {
                return (a.Length - i).CompareTo(b.Length - j);
            }

            var isNumber = char.IsAsciiDigit(a[i]);
            if (isNumber != char.IsAsciiDigit(b[j]))
            {
                return isNumber ? 1 : -1;
            }

            var x = Run(a, ref i, isNumber);
            var y = Run(b, ref j, isNumber);
            var order = isNumber && x.Length != y.Length ? x.Length.CompareTo(y.Length) : x.SequenceCompareTo(y);
            if (order != 0)
            {
                return order;
            }
        }
    }

    private static char At(string text, int index) => index < text.Length ? text[index] : '\0';

    private static void SkipSeparators(string text, ref int at)
    {
        while (at < text.Length && !char.IsAsciiLetterOrDigit(text[at]) && text[at] != '~')
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
