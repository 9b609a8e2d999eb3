using System.Globalization;

namespace V2V.Engine.Sources.LibvirtXml;

/// <summary>
/// Sizes as libvirt writes them (https://libvirt.org/formatdomain.html#memory-allocation): a number and a unit, in which "KiB" and "k" count
/// by 1024 and "KB" by 1000, in any case of letters.
/// </summary>
internal static class LibvirtXmlUnits
{
    /// <summary>Bytes; null when number or unit make no sense, or no machine has so many.</summary>
    /// <param name="number">Text of the element.</param>
    /// <param name="unit">Its unit attribute; null for KiB, which is what memory was counted in before there was the attribute.</param>
    public static long? ToBytes(string number, string? unit)
    {
        if (!long.TryParse(number.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var quantity) || BytesOf(unit ?? "KiB") is not { } bytes)
        {
            return null;
        }

        return quantity > long.MaxValue / bytes ? null : quantity * bytes;
    }

    private static long? BytesOf(string unit)
    {
        var name = unit.ToUpperInvariant();
        if (name is "B" or "BYTE" or "BYTES")
        {
            return 1;
        }

        var power = "KMGTPE".IndexOf(name[0], StringComparison.Ordinal) + 1;
        return (power, name[1..]) switch
        {
            (0, _) => null,
            (_, "" or "IB") => Power(1024, power),
            (_, "B") => Power(1000, power),
            _ => null,
        };
    }

    private static long Power(long number, int exponent) => exponent == 0 ? 1 : number * Power(number, exponent - 1);
}
