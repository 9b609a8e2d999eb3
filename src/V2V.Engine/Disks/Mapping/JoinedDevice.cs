namespace V2V.Engine.Disks.Mapping;

/// <summary>Devices one after the other as one: the parts of a disk that is split over several files.</summary>
internal class JoinedDevice : BlockDevice
{
    private readonly BlockDevice[] _parts;

    // Where each part ends on the whole.
    private readonly long[] _ends;

    /// <param name="parts">At least one, together not larger than a disk can be; disposed with this.</param>
    public JoinedDevice(IEnumerable<BlockDevice> parts)
    {
        _parts = [.. parts];
        _ends = new long[_parts.Length];
        long end = 0;
        for (int i = 0; i < _parts.Length; i++)
        {
            _ends[i] = end += _parts[i].Length;
        }

        Length = end;
    }

    public override long Length { get; }

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        for (int i = buffer.Length > 0 ? Find(offset) : 0; buffer.Length > 0; i++)
        {
            int length = (int)Math.Min(buffer.Length, _ends[i] - offset);
            _parts[i].Read(offset - Start(i), buffer[..length]);
            buffer = buffer[length..];
            offset += length;
        }
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        CheckRange(offset, length);
        return JoinedExtents(offset, offset + length).Merge();
    }

    internal override StoredRun? Locate(long offset, long length)
    {
        int part = Find(offset);
        return _parts[part].Locate(offset - Start(part), Math.Min(length, _ends[part] - offset));
    }

    private IEnumerable<DiskExtent> JoinedExtents(long offset, long end)
    {
        for (int i = offset < end ? Find(offset) : 0; offset < end; i++)
        {
            long start = Start(i);
            long stop = Math.Min(end, _ends[i]);
            foreach (DiskExtent run in _parts[i].Extents(offset - start, stop - offset))
            {
                yield return run with { Offset = run.Offset + start };
            }

            offset = stop;
        }
    }

    private long Start(int part) => part == 0 ? 0 : _ends[part - 1];

    /// <summary>The part in which a byte lies.</summary>
    private int Find(long offset)
    {
        int found = Array.BinarySearch(_ends, offset);
        return found < 0 ? ~found : found + 1;
    }

    protected override void Dispose(bool disposing)
    {
        Array.ForEach(_parts, p => p.Dispose());
        base.Dispose(disposing);
    }
}
