namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The MFT's records by number.</summary>
internal sealed class NtfsMft(NtfsVolume volume)
{
    /// <summary>Bytes that are read at once where records lie together.</summary>
    private const int ReadAhead = 16 << 10;

    private NtfsRunList _runs = new();

    /// <summary>Bytes of the records that exist, in use or not; unknown until $MFT is read as a whole.</summary>
    private long _length = long.MaxValue;

    /// <summary>Number of records.</summary>
    public ulong Count => (ulong)(_length / RecordSize);

    private int RecordSize => volume.Boot.RecordSize;

    /// <summary>Reads $MFT itself, whose first record the boot sector names.</summary>
    public NtfsFile Load(NtfsFileLoader loader)
    {
        var first = new ByteRange(volume.Boot.MftCluster << volume.Boot.ClusterLog, RecordSize);
        var record = new NtfsRecord(volume.Cache.Read([first], isProtected: true), NtfsSystemFile.Mft);
        var file = loader.Load(record, runs => _runs = runs);
        if (file.Data is not { Runs: { HasHoles: false } runs } data || runs.Count == 0 || runs[0].Lcn != volume.Boot.MftCluster)
        {
            throw NtfsErrors.Corrupt("$MFT does not describe its own clusters.", first.Offset);
        }

        Bind(data);
        return file;
    }

    /// <summary>Forgets an undone change of $MFT's contents.</summary>
    public void Reload()
    {
        _length = long.MaxValue;
        volume.Files.Get(NtfsSystemFile.Mft);
    }

    /// <summary>Follows a change of $MFT's contents.</summary>
    public void Bind(NtfsAttribute data)
    {
        _runs = data.Runs!;
        _length = data.InitializedSize;
    }

    /// <summary>A record's buffer, to look at.</summary>
    /// <exception cref="GuestFileSystemException">There is no such record, or it was written in part.</exception>
    public NtfsRecord Read(ulong number)
    {
        var parts = Locate(number, RecordSize);
        if (volume.Cache.Find(parts, isProtected: true) is not { } buffer)
        {
            buffer = ReadMany(number, parts);
        }

        if (number < volume.MirroredRecords)
        {
            buffer.MirrorAddress ??= volume.MirrorAddress + ((long)number * RecordSize);
        }

        return new NtfsRecord(buffer, number);
    }

    /// <summary>The buffer of a record whose former contents do not matter.</summary>
    public NtfsRecord Create(ulong number) => new(volume.Cache.Create(Locate(number, RecordSize), isProtected: true), number);

    /// <summary>Where a record lies; more than one range if its clusters are scattered.</summary>
    private ByteRange[] Locate(ulong number, int length)
    {
        if (number >= Count)
        {
            throw NtfsErrors.Corrupt($"MFT record {number} is referred to, but there are only {Count}.");
        }

        var parts = new List<ByteRange>(1);
        var offset = (long)number * RecordSize;
        while (length > 0)
        {
            var run = _runs.Find(offset >> volume.Boot.ClusterLog)
                ?? throw NtfsErrors.Corrupt($"MFT record {number} lies beyond what is known of the MFT's clusters.");
            var within = offset & (volume.Boot.ClusterSize - 1);
            var part = (int)Math.Min(length, (run.Length << volume.Boot.ClusterLog) - within);
            parts.Add(new ByteRange((run.Lcn << volume.Boot.ClusterLog) + within, part));
            offset += part;
            length -= part;
        }

        return [.. parts];
    }

    /// <summary>Reads a record and, since neighbours are often wanted next, the ones behind it that are whole.</summary>
    private NtfsBuffer ReadMany(ulong number, ByteRange[] parts)
    {
        if (parts.Length == 1 && _length != long.MaxValue)
        {
            var run = _runs.Find(((long)number * RecordSize) >> volume.Boot.ClusterLog)!.Value;
            var within = ((long)number * RecordSize) & (volume.Boot.ClusterSize - 1);
            var length = (int)Math.Min(ReadAhead, Math.Min(_length - ((long)number * RecordSize), (run.Length << volume.Boot.ClusterLog) - within));
            var data = new byte[length & -RecordSize];
            volume.Cache.ReadParts([new ByteRange(parts[0].Offset, data.Length)], data);
            for (var done = RecordSize; done < data.Length; done += RecordSize)
            {
                var record = data.AsSpan(done, RecordSize).ToArray();
                if (NtfsRecord.HasSignature(record) && NtfsFixups.TryUndo(record))
                {
                    volume.Cache.AddClean(new NtfsBuffer([new ByteRange(parts[0].Offset + done, RecordSize)], record, isProtected: true));
                }
            }
        }

        return volume.Cache.Read(parts, isProtected: true);
    }
}
