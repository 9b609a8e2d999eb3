using System.Numerics;

namespace V2V.Engine.IO;

/// <summary>The tables by which reflected checksums (CRC) of any width take a byte, or several at once.</summary>
internal static class CrcTable
{
    /// <param name="reversedPolynomial">The polynomial, its lowest bit first.</param>
    /// <param name="slices">Bytes that are taken in a step: a table of 256 entries for each, one behind the other.</param>
    public static T[] Create<T>(T reversedPolynomial, int slices)
        where T : IBinaryInteger<T>
    {
        var table = new T[slices << 8];
        for (var i = 0; i < 256; i++)
        {
            var c = T.CreateTruncating(i);
            for (var bit = 0; bit < 8; bit++)
            {
                c = T.IsOddInteger(c) ? reversedPolynomial ^ (c >> 1) : c >> 1;
            }

            table[i] = c;
        }

        for (var i = 256; i < table.Length; i++)
        {
            var c = table[i - 256];
            table[i] = table[byte.CreateTruncating(c)] ^ (c >> 8);
        }

        return table;
    }
}
