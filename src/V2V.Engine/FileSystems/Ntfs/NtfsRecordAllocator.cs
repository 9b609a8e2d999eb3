namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Free records of the MFT, by its bitmap; the MFT grows when there is none.</summary>
internal sealed class NtfsRecordAllocator(NtfsVolume volume)
{
    /// <summary>Where ntfs-3g begins; what lies before is left to the file system.</summary>
    private const long FirstRecord = 64;

    /// <summary>Records that the MFT grows by at least.</summary>
    private const int Growth = 64;

    private long _next = FirstRecord;

    /// <summary>Where to look first; an operation that fails sets it back.</summary>
    public long State
    {
        get => _next;
        set => _next = value;
    }

    private static NtfsFile Mft(NtfsVolume volume) => volume.Files.Get(NtfsSystemFile.Mft);

    /// <summary>Takes a record for a new file and clears it.</summary>
    public NtfsReference Allocate()
    {
        var number = FindFree(_next) ?? FindFree(FirstRecord) ?? Grow();
        _next = number + 1;
        return Take(number);
    }

    /// <summary>Takes a record for more attributes of a file.</summary>
    public NtfsReference AllocateExtension(NtfsFile file)
    {
        if (file.Number != NtfsSystemFile.Mft)
        {
            return Allocate();
        }

        // The MFT cannot wait for itself to grow; a few records are left for it.
        return FindFree((long)NtfsSystemFile.FirstExtension) is { } number
            ? Take(number)
            : throw NtfsErrors.Full("The MFT has no free record for its own run list.");
    }

    /// <summary>Gives a record back.</summary>
    public void Free(ulong number)
    {
        var record = volume.Mft.Read(number);
        volume.Cache.Change(record.Buffer);
        var data = record.Buffer.Data.AsSpan();
        data.Put16(NtfsRecord.Offsets.Flags, (ushort)(record.Flags & ~NtfsRecordFlags.InUse));
        data.Put16(NtfsRecord.Offsets.Sequence, Next(record.Sequence));
        Bits().Set((long)number, 1, isUsed: false);
        _next = Math.Min(_next, Math.Max((long)number, FirstRecord));
    }

    /// <summary>0 means that nobody checks, so it is left out.</summary>
    private static ushort Next(ushort sequence) => sequence == ushort.MaxValue ? (ushort)1 : (ushort)(sequence + 1);

    private NtfsReference Take(long number)
    {
        var old = ReadOld((ulong)number);
        var sequence = (ushort)1;
        if (old is { } known && NtfsRecord.HasSignature(known.Buffer.Data))
        {
            if (known.IsInUse)
            {
                throw NtfsErrors.Corrupt($"MFT record {number} is in use, but free in the MFT's bitmap.", known.Buffer.Address);
            }

            sequence = Math.Max((ushort)1, known.Sequence);
        }

        var record = old ?? volume.Mft.Create((ulong)number);
        volume.Cache.Change(record.Buffer);
        NtfsRecord.Format(record.Buffer.Data, (ulong)number, sequence, volume.Information.Is31);
        record.Buffer.Data.AsSpan().Put16(NtfsRecord.Offsets.Flags, (ushort)NtfsRecordFlags.InUse);
        Bits().Set(number, 1, isUsed: true);
        return new NtfsReference((ulong)number, sequence);
    }

    /// <summary>What stood in a free record, or null when it was never written.</summary>
    private NtfsRecord? ReadOld(ulong number)
    {
        try
        {
            return volume.Mft.Read(number);
        }
        catch (GuestFileSystemException e) when (e.Error == V2VError.FileSystemCorrupt)
        {
            return null;
        }
    }

    private long? FindFree(long start)
    {
        foreach (var run in Bits().FreeRuns(start, (long)volume.Mft.Count))
        {
            return run.Lcn;
        }

        return null;
    }

    /// <summary>Adds empty records behind the last; the first of them.</summary>
    private long Grow()
    {
        var mft = Mft(volume);
        var data = mft.Data!;
        var first = (long)volume.Mft.Count;
        var recordSize = volume.Boot.RecordSize;
        var space = new NtfsClusterSpace(volume, mft, data);

        // As many as the clusters take.
        var size = data.DataSize + ((long)Growth * recordSize);
        var clusters = Math.Max((size + volume.Boot.ClusterSize - 1) >> volume.Boot.ClusterLog, data.Runs!.Length);
        space.Resize(clusters, isForMft: true);
        var count = (clusters << volume.Boot.ClusterLog) / recordSize;
        count = Math.Min(count, first + Math.Max(Growth, volume.Boot.ClusterSize / recordSize));
        data.InitializedSize = count * recordSize;
        data.DataSize = Math.Max(data.DataSize, data.InitializedSize);
        volume.Mft.Bind(data);
        var bitmap = mft.Find(NtfsAttributeType.Bitmap)!;
        var bytes = (count + 63) / 64 * 8;
        if (bytes > bitmap.DataSize)
        {
            new NtfsMetadataContent(volume, mft, bitmap).Resize(bytes);
        }

        for (var number = first; number < count; number++)
        {
            var record = volume.Mft.Create((ulong)number);
            NtfsRecord.Format(record.Buffer.Data, (ulong)number, 1, volume.Information.Is31);
        }

        mft.MarkDirty();
        return first;
    }

    private NtfsBitmap Bits()
    {
        var mft = Mft(volume);
        return mft.Find(NtfsAttributeType.Bitmap) is { IsResident: false, HasCompressedSize: false } bitmap
            ? new NtfsBitmap(volume, bitmap, "the MFT's bitmap", (long)volume.Mft.Count)
            : throw NtfsErrors.Unsupported("The bitmap of the MFT is resident, which no known driver makes.");
    }
}
