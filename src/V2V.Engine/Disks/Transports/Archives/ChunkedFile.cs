namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>A file that was cut into pieces, which are stored one by one.</summary>
/// <param name="path">What messages call the whole file.</param>
/// <param name="pieces">The pieces in their order, at least one; disposed with the file.</param>
internal sealed class ChunkedFile(string path, IReadOnlyList<DiskFile> pieces) : DiskFile
{
    private readonly long[] _starts = Starts(pieces);

    public override string Path => path;

    public override string? Folder => pieces[0].Folder;

    public override FileStore? Store => pieces[0].Store;

    public override string Name => pieces[0].Name;

    public override long Length => _starts[^1];

    public override bool IsPacked => pieces[0].IsPacked;

    internal override string? Version => pieces.All(p => p.Version is not null) ? string.Join(", ", pieces.Select(p => p.Version)) : null;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        for (int i = Find(offset); buffer.Length > 0; i++)
        {
            int count = (int)Math.Min(buffer.Length, _starts[i + 1] - offset);
            pieces[i].Read(offset - _starts[i], buffer[..count]);
            buffer = buffer[count..];
            offset += count;
        }
    }

    public override void CheckWhole()
    {
        foreach (DiskFile piece in pieces)
        {
            piece.CheckWhole();
        }
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        for (int i = Find(offset); length > 0; i++)
        {
            long count = Math.Min(length, _starts[i + 1] - offset);
            foreach (DiskExtent extent in pieces[i].Extents(offset - _starts[i], count))
            {
                yield return extent with { Offset = extent.Offset + _starts[i] };
            }

            length -= count;
            offset += count;
        }
    }

    protected override void Dispose(bool disposing)
    {
        foreach (DiskFile piece in pieces)
        {
            piece.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Where each piece starts, and where the last one ends.</summary>
    private static long[] Starts(IReadOnlyList<DiskFile> pieces)
    {
        long[] starts = new long[pieces.Count + 1];
        for (int i = 0; i < pieces.Count; i++)
        {
            starts[i + 1] = checked(starts[i] + pieces[i].Length);
        }

        return starts;
    }

    /// <summary>The piece that a byte is in.</summary>
    private int Find(long offset)
    {
        int found = Array.BinarySearch(_starts, offset);
        if (found < 0)
        {
            return ~found - 1;
        }

        // Empty pieces start where the next one does.
        while (found + 1 < _starts.Length - 1 && _starts[found + 1] == offset)
        {
            found++;
        }

        return Math.Min(found, pieces.Count - 1);
    }
}
