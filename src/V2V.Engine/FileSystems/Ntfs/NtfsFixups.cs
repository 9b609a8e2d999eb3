namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>
/// Update sequence arrays: on the volume the last two bytes of every 512 bytes of a record are a number that grows with each write, so that
/// a record which was written in part shows. What belongs there stands in an array behind the record's header.
/// </summary>
internal static class NtfsFixups
{
    /// <summary>Bytes that one entry protects, whatever the volume's sector size (NTFS_BLOCK_SIZE).</summary>
    public const int Stride = 512;

    private const int ArrayOffset = 4;
    private const int ArrayCount = 6;

    /// <summary>Puts the protected bytes back to their place, after reading.</summary>
    /// <returns>False when the array makes no sense or a sector does not carry the number, so the record was written in part.</returns>
    public static bool Remove(Span<byte> record)
    {
        if (Locate(record) is not { } at)
        {
            return false;
        }

        var array = record[at..];
        var number = ((ReadOnlySpan<byte>)array).U16(0);
        for (var end = Stride - 2; end < record.Length; end += Stride)
        {
            if (((ReadOnlySpan<byte>)record).U16(end) != number)
            {
                return false;
            }
        }

        for (int end = Stride - 2, entry = 2; end < record.Length; end += Stride, entry += 2)
        {
            array.Slice(entry, 2).CopyTo(record[end..]);
        }

        return true;
    }

    /// <summary>Sets the protected bytes aside and a new number in their place, before writing.</summary>
    public static void Apply(Span<byte> record)
    {
        if (Locate(record) is not { } at)
        {
            throw new InvalidOperationException("A record without a valid update sequence array is about to be written.");
        }

        var array = record[at..];
        var number = (ushort)(((ReadOnlySpan<byte>)array).U16(0) + 1);
        number = number is 0 or ushort.MaxValue ? (ushort)1 : number;
        array.Put16(0, number);
        for (int end = Stride - 2, entry = 2; end < record.Length; end += Stride, entry += 2)
        {
            record.Slice(end, 2).CopyTo(array[entry..]);
            record.Put16(end, number);
        }
    }

    /// <summary>Entries of the array of a record: one for the number and one for each 512 bytes.</summary>
    public static int CountOf(int recordSize) => (recordSize / Stride) + 1;

    private static int? Locate(ReadOnlySpan<byte> record)
    {
        int offset = record.U16(ArrayOffset);
        int count = record.U16(ArrayCount);
        return offset % 2 == 0 && offset >= 8 && count == CountOf(record.Length) && offset + (count * 2) <= Stride - 2 ? offset : null;
    }
}
