namespace V2V.Engine.FileSystems.Ntfs.Compression;

/// <summary>Repeats of what was decompressed before.</summary>
internal static class LzMatch
{
    /// <summary>Copies within a buffer. A repeat may overlap itself, and then goes on with its own bytes.</summary>
    /// <param name="buffer">Holds at least <paramref name="displacement"/> bytes before the position, and <paramref name="count"/> behind it.</param>
    /// <param name="position">Where the repeat goes.</param>
    /// <param name="displacement">How far back it comes from.</param>
    /// <param name="count">Bytes of it.</param>
    public static void Copy(Span<byte> buffer, int position, int displacement, int count)
    {
        if (displacement >= count)
        {
            buffer.Slice(position - displacement, count).CopyTo(buffer[position..]);
            return;
        }

        for (var end = position + count; position < end; position++)
        {
            buffer[position] = buffer[position - displacement];
        }
    }
}
