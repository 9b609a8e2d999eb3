using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhdx;

/// <summary>
/// The log of metadata changes that an image which was not closed has to be read with. It is a ring of entries; the active sequence is the
/// one with the newest head ([MS-VHDX] 2.3.2). It is replayed in memory: the file stays as it is.
/// </summary>
internal static class VhdxLog
{
    // Hyper-V and QEMU make logs of 1 MiB.
    private const uint MaximumLength = 64 << 20;

    private const long MaximumZeroed = 1L << 30;

    // How often a byte of the log may belong to what looks like an entry: leftovers of older ones overlap a little, those of an attacker all.
    private const int MaximumOverlap = 4;

    private const string ReplayAdvice = "Attach the disk in Hyper-V, or run 'qemu-img check -r all' on a copy of it, and try again.";

    /// <summary>The file with its log replayed: the same file when there is nothing in the log.</summary>
    public static DiskFile Replay(DiskFile file, VhdxHeader header)
    {
        if (header.LogGuid == Guid.Empty)
        {
            return file;
        }

        if (header.LogLength > MaximumLength || header.LogOffset < 0 || header.LogOffset > file.Length - header.LogLength
            || header.LogLength % VhdxLogEntry.SectorSize != 0)
        {
            throw ImageFault.Corrupt(
                file, VhdxDisk.Format, null, $"a log of {header.LogLength} bytes at byte {header.LogOffset} is not possible in a file of {file.Length}.");
        }

        byte[] log = new byte[header.LogLength];
        file.Read(header.LogOffset, log);
        List<VhdxLogEntry> sequence = ActiveSequence(log, header.LogGuid);
        if (sequence.Count == 0)
        {
            throw ImageFault.Corrupt(file, VhdxDisk.Format, header.LogOffset, "it was not closed, and its log has no complete sequence of entries to replay.");
        }

        if (sequence[^1].FlushedFileOffset > file.Length)
        {
            throw ImageFault.Corrupt(
                file, VhdxDisk.Format, null, $"it is cut short: its log was written when it had {sequence[^1].FlushedFileOffset} bytes, now it has {file.Length}.");
        }

        return new VhdxReplayedFile(file, Sectors(file, header, sequence), Math.Max(file.Length, sequence[^1].LastFileOffset));
    }

    private static Dictionary<long, byte[]> Sectors(DiskFile file, VhdxHeader header, List<VhdxLogEntry> sequence)
    {
        var sectors = new Dictionary<long, byte[]>();
        byte[] zeros = new byte[VhdxLogEntry.SectorSize];
        long zeroed = 0;
        try
        {
            foreach ((long offset, long length, byte[]? sector) in sequence.SelectMany(e => e.Writes()))
            {
                zeroed += sector is null ? length : 0;
                if (length is < 0 or > MaximumZeroed || length % VhdxLogEntry.SectorSize != 0 || zeroed > MaximumZeroed || offset > long.MaxValue - length)
                {
                    throw ImageFault.Unsupported(
                        file, VhdxDisk.Format, $"was not closed, and its log clears {length} bytes at byte {offset}, which is not replayed in memory.", ReplayAdvice);
                }

                for (long at = offset; at < offset + length; at += VhdxLogEntry.SectorSize)
                {
                    sectors[at] = sector ?? zeros;
                }
            }
        }
        catch (InvalidDataException e)
        {
            throw ImageFault.Corrupt(file, VhdxDisk.Format, header.LogOffset, $"it was not closed, and its log cannot be replayed: {e.Message}", e);
        }

        return sectors;
    }

    /// <summary>The entries to replay, oldest first; none when no sequence is complete.</summary>
    private static List<VhdxLogEntry> ActiveSequence(byte[] log, Guid logGuid)
    {
        // By the sector in which they begin.
        var entries = new VhdxLogEntry?[log.Length / VhdxLogEntry.SectorSize];
        long budget = (long)MaximumOverlap * log.Length;
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = VhdxLogEntry.TryRead(log, i * VhdxLogEntry.SectorSize, logGuid, ref budget);
        }

        int[] before = Predecessors(entries);
        foreach (int head in Enumerable.Range(0, entries.Length).Where(i => entries[i] is not null).OrderByDescending(i => entries[i]!.SequenceNumber))
        {
            if (IsComplete(entries, before, head))
            {
                int tail = (int)(entries[head]!.Tail / VhdxLogEntry.SectorSize);
                var sequence = new List<VhdxLogEntry> { entries[head]! };
                for (int at = head; at != tail; sequence.Add(entries[at]!))
                {
                    at = before[at];
                }

                sequence.Reverse();
                return sequence;
            }
        }

        return [];
    }

    /// <summary>For each entry the one right before it with the number before it; -1 without one.</summary>
    private static int[] Predecessors(VhdxLogEntry?[] entries)
    {
        int[] before = new int[entries.Length];
        Array.Fill(before, -1);
        for (int i = 0; i < entries.Length; i++)
        {
            if (entries[i] is { } entry)
            {
                int next = (i + (entry.Length / VhdxLogEntry.SectorSize)) % entries.Length;
                if (entries[next]?.SequenceNumber == entry.SequenceNumber + 1)
                {
                    before[next] = i;
                }
            }
        }

        return before;
    }

    /// <summary>Whether a sequence can be followed from its head back to its tail without going round the ring.</summary>
    private static bool IsComplete(VhdxLogEntry?[] entries, int[] before, int head)
    {
        int tail = (int)(entries[head]!.Tail / VhdxLogEntry.SectorSize);
        int at = head;
        long sectors = entries[head]!.Length / VhdxLogEntry.SectorSize;
        while (at != tail && before[at] >= 0 && sectors <= entries.Length)
        {
            at = before[at];
            sectors += entries[at]!.Length / VhdxLogEntry.SectorSize;
        }

        return at == tail && sectors <= entries.Length;
    }
}
