using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Iso9660;

/// <summary>Collects the entries of a directory record's System Use area and of the continuation areas that it goes on in (SUSP 1.12, 5.1 CE).</summary>
/// <param name="readBlock">Reads bytes at an offset within a logical block.</param>
internal sealed class SystemUseReader(Func<uint, uint, int, byte[]?> readBlock)
{
    /// <summary>Signature, length and version.</summary>
    private const int HeaderSize = 4;

    /// <summary>Linux gives up after as many (fs/isofs/rock.c, RR_MAX_CE_ENTRIES).</summary>
    private const int MaxContinuations = 32;

    /// <summary>A continuation area lies within a logical sector.</summary>
    private const int MaxContinuationLength = 2048;

    /// <summary>Bytes of continuation areas that a directory may make us read: more than its records can need.</summary>
    private const long MaxContinuedBytes = 64 << 20;

    private long _continued;

    /// <param name="area">The System Use area.</param>
    /// <param name="skip">Bytes to leave out at its beginning, as the SP entry of the root directory says.</param>
    /// <param name="position">Where the directory record stands, for errors.</param>
    public List<SystemUseEntry> Read(byte[] area, int skip, long position)
    {
        var entries = new List<SystemUseEntry>();
        var next = (ReadOnlyMemory<byte>)(skip < area.Length ? area.AsMemory(skip) : default);
        for (var continuations = 0; ; continuations++)
        {
            if (Collect(next, entries) is not { } more)
            {
                return entries;
            }

            if (continuations == MaxContinuations || (_continued += more.Length) > MaxContinuedBytes)
            {
                throw IsoErrors.Corrupt("the continuation areas of a directory record do not end.", position);
            }

            next = more.Length <= MaxContinuationLength && readBlock(more.Block, more.Offset, (int)more.Length) is { } continued
                ? continued
                : throw IsoErrors.Corrupt(
                    $"a continuation area of {more.Length} bytes is said to be at byte {more.Offset} of block {more.Block}.", position);
        }
    }

    /// <summary>Adds the entries of one area and returns where they go on.</summary>
    private static Continuation? Collect(ReadOnlyMemory<byte> area, List<SystemUseEntry> entries)
    {
        Continuation? more = null;
        for (var rest = area; rest.Length >= HeaderSize;)
        {
            int length = rest.Span[2];
            if (length < HeaderSize || length > rest.Length)
            {
                // Padding, or a field of another kind: what follows cannot be told apart any more.
                break;
            }

            var entry = new SystemUseEntry(BinaryPrimitives.ReadUInt16BigEndian(rest.Span), rest[HeaderSize..length]);
            if (entry.Signature == SystemUseEntry.Terminator)
            {
                break;
            }

            if (entry.Signature == SystemUseEntry.Continuation && entry.Data.Length >= 24)
            {
                more = new Continuation(entry.U32(0), entry.U32(8), entry.U32(16));
            }
            else
            {
                entries.Add(entry);
            }

            rest = rest[length..];
        }

        return more;
    }

    private readonly record struct Continuation(uint Block, uint Offset, uint Length);
}

/// <param name="Signature">Two characters, the first in the upper byte.</param>
/// <param name="Data">What follows signature, length and version.</param>
internal readonly record struct SystemUseEntry(ushort Signature, ReadOnlyMemory<byte> Data)
{
    public const ushort Continuation = ('C' << 8) | 'E';
    public const ushort Terminator = ('S' << 8) | 'T';

    /// <summary>SUSP itself, on the root directory.</summary>
    public const ushort Indicator = ('S' << 8) | 'P';

    /// <summary>The little-endian half of a number that is stored in both byte orders.</summary>
    public uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Data.Span[offset..]);
}
