using System.Globalization;

namespace V2V.Engine.Sources.Ovf;

/// <summary>
/// AllocationUnits: "byte * 2^20" as DSP0004 (annex C, programmatic units) wants it, and the names that older writers used.
/// </summary>
internal static class OvfUnits
{
    /// <summary>Beyond this no disk or memory goes, and products of quantity and unit stay within a long.</summary>
    private const long MaximumUnit = 1L << 50;

    /// <summary>Bytes of one unit; null when the unit is not understood.</summary>
    public static long? Parse(string units)
    {
        long bytes = 1;
        var factors = units.Split('*', StringSplitOptions.TrimEntries);
        if (NamedUnit(factors[0]) is not { } first)
        {
            return null;
        }

        bytes = first;
        foreach (var factor in factors.AsSpan(1))
        {
            if (Factor(factor) is not { } value || value > MaximumUnit / bytes)
            {
                return null;
            }

            bytes *= value;
        }

        return bytes;
    }

    /// <summary>A quantity in bytes; null when it is negative or too large for any machine.</summary>
    public static long? ToBytes(long quantity, long unit) => quantity < 0 || quantity > long.MaxValue / unit ? null : quantity * unit;

    private static long? NamedUnit(string name) => name.ToUpperInvariant() switch
    {
        "BYTE" or "BYTES" or "B" => 1,
        "KB" or "KIB" or "KILOBYTE" or "KILOBYTES" => 1L << 10,
        "MB" or "MIB" or "MEGABYTE" or "MEGABYTES" => 1L << 20,
        "GB" or "GIB" or "GIGABYTE" or "GIGABYTES" => 1L << 30,
        "TB" or "TIB" or "TERABYTE" or "TERABYTES" => 1L << 40,
        _ => null,
    };

    /// <summary>"1024" or "2^10".</summary>
    private static long? Factor(string text)
    {
        var caret = text.IndexOf('^');
        if (!TryNumber(caret < 0 ? text : text[..caret], out var number) || number < 1)
        {
            return null;
        }

        if (caret < 0)
        {
            return number;
        }

        if (!TryNumber(text[(caret + 1)..], out var exponent) || exponent > 62)
        {
            return null;
        }

        long value = 1;
        for (var i = 0; i < exponent; i++)
        {
            if (value > MaximumUnit / number)
            {
                return null;
            }

            value *= number;
        }

        return value;
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
