namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>
/// The update sequence array: the last two bytes of every 512 bytes of a record are kept in its header, and a number that changes with
/// every write stands in their place on the disk, so that a torn write shows. It is 512 bytes whatever the sector size of the disk is.
/// </summary>
internal static class NtfsFixups
{
    public const int Stride = 512;

    internal static class Offsets
    {
        public const int ArrayOffset = 4;
        public const int ArrayCount = 6;
    }

    /// <summary>Smallest offset that the array may have: behind signature, offset, count and sequence number.</summary>
    private const int MinArrayOffset = 8;

    /// <summary>Bytes of the array for a record of <paramref name="recordLength"/> bytes.</summary>
    public static int ArrayLength(int recordLength) => ((recordLength / Stride) + 1) * sizeof(ushort);

    /// <summary>Puts the saved bytes back in their places. False when the array is malformed or a write was torn.</summary>
    public static bool TryUndo(Span<byte> record)
    {
        if (!TryFindArray(record, out var array))
        {
            return false;
        }

        for (var i = 1; i * Stride <= record.Length; i++)
        {
            var end = record.Slice((i * Stride) - sizeof(ushort), sizeof(ushort));
            if (!end.SequenceEqual(array[..sizeof(ushort)]))
            {
                return false;
            }
        }

        for (var i = 1; i * Stride <= record.Length; i++)
        {
            array.Slice(i * sizeof(ushort), sizeof(ushort)).CopyTo(record[((i * Stride) - sizeof(ushort))..]);
        }

        return true;
    }

    /// <summary>Counts the sequence number up and puts it in the places, as the record goes to the disk. The header must be well formed.</summary>
    public static void Apply(Span<byte> record)
    {
        if (!TryFindArray(record, out var array))
        {
            throw new ArgumentException("The record has no update sequence array of the right size.", nameof(record));
        }

        // 0 and 0xFFFF are left out, as Windows does: a sector of zeros or ones must never look like a written one.
        var number = ((ReadOnlySpan<byte>)array).U16(0);
        array.Put16(0, number is >= 0xFFFE or 0 ? (ushort)1 : (ushort)(number + 1));
        for (var i = 1; i * Stride <= record.Length; i++)
        {
            var end = record.Slice((i * Stride) - sizeof(ushort), sizeof(ushort));
            end.CopyTo(array[(i * sizeof(ushort))..]);
            array[..sizeof(ushort)].CopyTo(end);
        }
    }

    private static bool TryFindArray(Span<byte> record, out Span<byte> array)
    {
        array = default;
        if (record.Length < Stride || record.Length % Stride != 0)
        {
            return false;
        }

        ReadOnlySpan<byte> data = record;
        int offset = data.U16(Offsets.ArrayOffset);
        int count = data.U16(Offsets.ArrayCount);
        var length = count * sizeof(ushort);

        // The array must not cover a place that it protects, or undoing it would change it.
        if (count != (record.Length / Stride) + 1 || offset < MinArrayOffset || offset % sizeof(ushort) != 0
            || offset + length > Stride - sizeof(ushort))
        {
            return false;
        }

        array = record.Slice(offset, length);
        return true;
    }
}
