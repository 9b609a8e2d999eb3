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
        var entries = new Dictionary<int, VhdxLogEntry>();
        for (int offset = 0; offset < log.Length; offset += VhdxLogEntry.SectorSize)
        {
            if (VhdxLogEntry.TryRead(log, offset, logGuid) is { } entry)
            {
                entries[offset] = entry;
            }
        }

        // A sequence is followed from its head back to its tail: each entry is right before the next one, with the number before it.
        var ending = entries.ToLookup(e => (e.Key + e.Value.Length) % log.Length);
        foreach ((int position, VhdxLogEntry head) in entries.OrderByDescending(e => e.Value.SequenceNumber))
        {
            var sequence = new List<VhdxLogEntry> { head };
            int at = position;
            long total = head.Length;
            while (at != head.Tail && total <= log.Length)
            {
                KeyValuePair<int, VhdxLogEntry>? before = null;
                foreach (KeyValuePair<int, VhdxLogEntry> candidate in ending[at])
                {
                    if (candidate.Value.SequenceNumber == sequence[^1].SequenceNumber - 1)
                    {
                        before = candidate;
                    }
                }

                if (before is not { } previous)
                {
                    break;
                }

                sequence.Add(previous.Value);
                at = previous.Key;
                total += previous.Value.Length;
            }

            if (at == head.Tail && total <= log.Length)
            {
                sequence.Reverse();
                return sequence;
            }
        }

        return [];
    }
}
