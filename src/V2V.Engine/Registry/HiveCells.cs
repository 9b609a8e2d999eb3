namespace V2V.Engine.Registry;

/// <summary>
/// Cells, of which bins consist: a signed size (negative when in use, a multiple of 8 that counts itself) and the payload behind it.
/// Offsets are those of the format: of the cell, from the end of the base block.
/// </summary>
internal sealed class HiveCells(HivePages pages)
{
    /// <summary>"Points nowhere".</summary>
    public const uint None = 0xFFFF_FFFF;

    public const int HeaderSize = 4;

    public const int Alignment = 8;

    public HivePages Pages => pages;

    /// <summary>Bytes behind the header of a cell that is in use.</summary>
    /// <param name="cell">Offset of the cell.</param>
    /// <param name="what">What should stand there, for the message.</param>
    public int Payload(uint cell, string what)
    {
        if (cell % Alignment != 0 || cell < HiveBin.HeaderSize || cell >= pages.Size)
        {
            throw Corrupt(cell, $"{what} is referred to there, and it is no place of a cell.");
        }

        var size = unchecked((int)pages.ReadUInt32(cell));
        if (size >= 0)
        {
            throw Corrupt(cell, $"{what} is referred to there, and the cell is not in use.");
        }

        var length = -(long)size;
        if (length % Alignment != 0 || length > pages.Size - cell)
        {
            throw Corrupt(cell, $"the cell of {what} claims {length} bytes.");
        }

        return (int)length - HeaderSize;
    }

    /// <summary>Fills <paramref name="buffer"/> from <paramref name="skip"/> bytes into the payload.</summary>
    public void Read(uint cell, int skip, Span<byte> buffer, string what)
    {
        if ((long)skip + buffer.Length > Payload(cell, what))
        {
            throw Corrupt(cell, $"{what} needs {(long)skip + buffer.Length} bytes, more than its cell has.");
        }

        pages.Read(cell + HeaderSize + (uint)skip, buffer);
    }

    /// <summary>The first bytes of the payload.</summary>
    public byte[] Read(uint cell, long length, string what)
    {
        if (length > Payload(cell, what))
        {
            throw Corrupt(cell, $"{what} needs {length} bytes, more than its cell has.");
        }

        var data = new byte[length];
        pages.Read(cell + HeaderSize, data);
        return data;
    }

    /// <summary>Writes into the payload of a cell that is large enough.</summary>
    public void Write(uint cell, int skip, ReadOnlySpan<byte> data, string what)
    {
        if ((long)skip + data.Length > Payload(cell, what))
        {
            throw Corrupt(cell, $"{what} needs {(long)skip + data.Length} bytes, more than its cell has.");
        }

        pages.Write(cell + HeaderSize + (uint)skip, data);
    }

    public GuestFileSystemException Corrupt(uint cell, string message) =>
        RegistryErrors.Corrupt(pages.Path, HivePages.FileOffset(cell), message);
}
