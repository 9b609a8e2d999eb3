namespace V2V.Engine.Registry;

/// <summary>
/// Upper case of UTF-16 units as Windows knows it (RtlUpcaseUnicodeChar, the same table as NTFS'): its Unicode is that of 2008, and a letter that
/// is not the lower case of its upper case, such as the micro sign, stays as it is.
/// </summary>
internal static class Upcase
{
    private const char AsciiEnd = '\u0080';

    /// <summary>Letters that got an upper case later than Windows' table: first and last of each range.</summary>
    private static readonly (char First, char Last)[] s_later =
    [
        ('\u019B', '\u019B'), ('\u023F', '\u0240'), ('\u0252', '\u0252'), ('\u025C', '\u025C'), ('\u0261', '\u0261'), ('\u0264', '\u0266'),
        ('\u026A', '\u026A'), ('\u026C', '\u026C'), ('\u0282', '\u0282'), ('\u0287', '\u0287'), ('\u029D', '\u029E'), ('\u03F3', '\u03F3'),
        ('\u0525', '\u052F'), ('\u10D0', '\u10FF'), ('\u13F8', '\u13FD'), ('\u1C80', '\u1C8A'), ('\u1D8E', '\u1D8E'), ('\u2C5F', '\u2C5F'),
        ('\u2CEB', '\u2CF3'), ('\u2D27', '\u2D2D'), ('\uA661', '\uA661'), ('\uA699', '\uA69B'), ('\uA78E', '\uA7FF'), ('\uAB53', '\uABBF'),
    ];

    private static readonly Lazy<char[]> s_table = new(MakeTable);

    public static char Of(char unit) => unit < AsciiEnd ? char.ToUpperInvariant(unit) : s_table.Value[unit];

    private static char[] MakeTable()
    {
        var table = new char[char.MaxValue + 1];
        for (var i = 0; i < table.Length; i++)
        {
            var unit = (char)i;
            var upper = char.ToUpperInvariant(unit);
            table[i] = char.ToLowerInvariant(upper) == unit ? upper : unit;
        }

        foreach (var (first, last) in s_later)
        {
            for (var unit = first; unit <= last; unit++)
            {
                table[unit] = unit;
            }
        }

        return table;
    }
}
