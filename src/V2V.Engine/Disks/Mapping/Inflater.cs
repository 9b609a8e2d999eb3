using System.IO.Compression;

namespace V2V.Engine.Disks.Mapping;

/// <summary>Inflates one unit held in memory.</summary>
internal static class Inflater
{
    /// <summary>RFC 1950 (zlib), as in VMDK.</summary>
    /// <exception cref="InvalidDataException">The data is damaged or holds fewer bytes than asked for.</exception>
    public static void Zlib(byte[] compressed, int offset, int length, Span<byte> unit)
    {
        using var source = new MemoryStream(compressed, offset, length, writable: false);
        using var inflater = new ZLibStream(source, CompressionMode.Decompress);
        Fill(inflater, unit);
    }

    /// <summary>RFC 1951 (bare deflate), as in qcow2. What follows the end of the stream is ignored.</summary>
    /// <exception cref="InvalidDataException">The data is damaged or holds fewer bytes than asked for.</exception>
    public static void Deflate(byte[] compressed, int offset, int length, Span<byte> unit)
    {
        using var source = new MemoryStream(compressed, offset, length, writable: false);
        using var inflater = new DeflateStream(source, CompressionMode.Decompress);
        Fill(inflater, unit);
    }

    private static void Fill(Stream inflater, Span<byte> unit)
    {
        int read = inflater.ReadAtLeast(unit, unit.Length, throwOnEndOfStream: false);
        if (read < unit.Length)
        {
            throw new InvalidDataException($"it inflates to {read} bytes instead of {unit.Length}.");
        }
    }
}
