namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>
/// Changes the contents of an attribute. Metadata is changed first; the bytes themselves go to the volume when <see cref="Finish"/> is
/// called, after everything that can fail.
/// </summary>
internal sealed class NtfsFileWriter(NtfsVolume volume, NtfsFile file, NtfsAttribute data)
{
    /// <summary>What lies between the old end and what is added behind it gets clusters up to this, for Windows does so; more becomes a hole.</summary>
    private const long MaxAllocatedGap = 8 << 20;

    private static readonly byte[] s_zeros = new byte[64 << 10];

    /// <summary>Ranges of the contents that must become zeros.</summary>
    private readonly List<ByteRange> _clear = [];

    private int ClusterSize => volume.Boot.ClusterSize;

    private NtfsClusterSpace Space => new(volume, file, data);

    /// <summary>Makes everything ready for bytes at a position; what stands in the MFT record is written at once.</summary>
    public void Prepare(long offset, ReadOnlySpan<byte> bytes)
    {
        var end = CheckSize(offset + bytes.Length);
        if (data.Value is { } value)
        {
            if (end <= Math.Max(new NtfsFileLayout(volume, file).SpaceForValue(data), value.Length))
            {
                Array.Resize(ref value, (int)Math.Max(end, value.Length));
                bytes.CopyTo(value.AsSpan((int)offset));
                data.Value = value;
                file.MarkDirty();
                return;
            }

            MakeNonResident(end);
        }

        var (first, last) = (offset >> volume.Boot.ClusterLog, ClustersFor(end));
        ExtendTo(first, last);
        var initialized = Math.Max(data.InitializedSize, end);
        foreach (var fresh in data.IsSparse ? Space.FillHoles(first, last) : [])
        {
            Clear(fresh.Vcn << volume.Boot.ClusterLog, Math.Min(fresh.End << volume.Boot.ClusterLog, initialized), offset, end);
        }

        ClearAllocated(data.InitializedSize, offset);
        data.InitializedSize = initialized;
        data.DataSize = Math.Max(data.DataSize, end);
        file.MarkDirty();
    }

    /// <summary>Sets the length. What is added reads as zeros.</summary>
    public void Truncate(long length)
    {
        CheckSize(length);
        file.MarkDirty();
        if (data.Value is { } value)
        {
            if (length <= Math.Max(new NtfsFileLayout(volume, file).SpaceForValue(data), value.Length))
            {
                Array.Resize(ref value, (int)length);
                data.Value = value;
                return;
            }

            MakeNonResident(length);
        }

        if (length == 0)
        {
            MakeEmpty();
            return;
        }

        var clusters = ClustersFor(length);
        if (clusters > data.Runs!.Length)
        {
            ExtendTo(clusters, clusters);
        }
        else if (length < data.DataSize)
        {
            Space.Resize(clusters);
        }

        data.DataSize = length;
        data.InitializedSize = Math.Min(data.InitializedSize, length);
    }

    /// <summary>Turns compressed contents into plain ones on clusters of their own.</summary>
    /// <param name="content">What is read.</param>
    public void Materialise(INtfsContent content)
    {
        var length = content.Length;
        var fresh = new NtfsAttribute(NtfsAttributeType.Data, data.Name) { Runs = new NtfsRunList() };
        var space = new NtfsClusterSpace(volume, file, fresh);
        space.Resize(ClustersFor(length));
        var buffer = new byte[1 << 20];
        for (long offset = 0; offset < length;)
        {
            var read = content.Read(offset, buffer);
            if (read == 0)
            {
                throw NtfsErrors.Corrupt($"the compressed contents of MFT record {file.Number} end at byte {offset} of {length}.");
            }

            // Nothing refers to these clusters before the operation is done.
            Store(fresh, offset, buffer.AsSpan(0, read));
            offset += read;
        }

        if (!data.IsResident)
        {
            Space.Clear();
        }

        (data.Value, data.Runs, data.Flags, data.CompressionUnit) = (null, fresh.Runs, NtfsAttributeFlags.None, 0);
        (data.AllocatedSize, data.CompressedSize, data.DataSize, data.InitializedSize) = (fresh.AllocatedSize, 0, length, length);
        MakePlain();
        if (length == 0)
        {
            MakeEmpty();
        }

        file.MarkDirty();
    }

    /// <summary>An attribute without contents, in the MFT record.</summary>
    public void MakeEmpty()
    {
        if (!data.IsResident)
        {
            Space.Clear();
        }

        (data.Value, data.Runs, data.Flags, data.CompressionUnit) = ([], null, NtfsAttributeFlags.None, 0);
        (data.AllocatedSize, data.CompressedSize, data.InitializedSize) = (0, 0, 0);
        MakePlain();
        file.MarkDirty();
    }

    /// <summary>Writes the bytes that <see cref="Prepare"/> made space for.</summary>
    public void Finish(long offset, ReadOnlySpan<byte> bytes)
    {
        if (data.IsResident)
        {
            return;
        }

        foreach (var range in _clear)
        {
            for (var done = 0L; done < range.Length; done += s_zeros.Length)
            {
                Store(data, range.Offset + done, s_zeros.AsSpan(0, (int)Math.Min(s_zeros.Length, range.Length - done)));
            }
        }

        Store(data, offset, bytes);
    }

    private void Store(NtfsAttribute attribute, long offset, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var run = attribute.Runs!.Find(offset >> volume.Boot.ClusterLog)!.Value;
            var within = offset & (ClusterSize - 1);
            var length = (int)Math.Min(bytes.Length, (run.Length << volume.Boot.ClusterLog) - within);
            volume.Device.Write((run.Lcn << volume.Boot.ClusterLog) + within, bytes[..length]);
            bytes = bytes[length..];
            offset += length;
        }
    }

    /// <summary>Sees to it that the attribute has clusters up to one, and that those from another on are not a hole that is made here.</summary>
    private void ExtendTo(long first, long last)
    {
        var space = Space;
        var gap = first - data.Runs!.Length;
        if (gap > 0 && (data.IsSparse || (volume.Information.Is30 && (gap << volume.Boot.ClusterLog > MaxAllocatedGap || gap + last - first > volume.Clusters.FreeCount))))
        {
            MakeSparse();
            space.AppendHole(gap);
        }

        if (last > data.Runs.Length)
        {
            space.Resize(last);
        }
    }

    private void MakeSparse()
    {
        if (!data.IsSparse)
        {
            data.Flags |= NtfsAttributeFlags.Sparse;
            if (data.Name.Length == 0)
            {
                var information = file.Information;
                information.Flags |= NtfsFileFlags.Sparse;
            }
        }
    }

    /// <summary>The file is neither sparse nor compressed any more.</summary>
    private void MakePlain()
    {
        if (data.Name.Length == 0)
        {
            var information = file.Information;
            information.Flags &= ~(NtfsFileFlags.Sparse | NtfsFileFlags.Compressed);
        }
    }

    /// <summary>Moves contents out of the MFT record, to clusters of their own.</summary>
    /// <param name="length">Bytes that are to have clusters at once.</param>
    public void MakeNonResident(long length)
    {
        var value = data.Value!;
        data.Value = null;
        data.Runs = new NtfsRunList();
        data.ResidentFlags = 0;
        (data.DataSize, data.InitializedSize, data.AllocatedSize) = (0, 0, 0);
        if (value.Length > 0)
        {
            Space.Resize(length - value.Length <= MaxAllocatedGap ? ClustersFor(Math.Max(length, value.Length)) : ClustersFor(value.Length));
            data.DataSize = data.InitializedSize = value.Length;

            // Fresh clusters: they may be written at once.
            Store(data, 0, value);
        }

        file.MarkDirty();
    }

    /// <summary>Notes the part of a range that new contents do not cover.</summary>
    private void Clear(long start, long stop, long offset, long end)
    {
        AddClear(start, Math.Min(stop, offset));
        AddClear(Math.Max(start, end), stop);
    }

    /// <summary>Notes what has clusters but was never written.</summary>
    private void ClearAllocated(long start, long stop)
    {
        while (start < stop && data.Runs!.Find(start >> volume.Boot.ClusterLog) is { } run)
        {
            var runEnd = Math.Min(stop, run.End << volume.Boot.ClusterLog);
            if (!run.IsHole)
            {
                AddClear(start, runEnd);
            }

            start = runEnd;
        }
    }

    private void AddClear(long start, long stop)
    {
        if (start < stop)
        {
            _clear.Add(new ByteRange(start, stop - start));
        }
    }

    private long ClustersFor(long length) => (length + ClusterSize - 1) >> volume.Boot.ClusterLog;

    /// <summary>Windows' limit is 2^44 bytes less 64 KiB with small clusters, and 2^48 less 2 MiB with the largest.</summary>
    private long CheckSize(long length) => length >= 0 && length <= Math.Min(1L << 48, (long)uint.MaxValue << volume.Boot.ClusterLog)
        ? length
        : throw NtfsErrors.Full($"A file of {length} bytes is larger than NTFS allows.");
}
