namespace V2V.Engine.Registry;

/// <summary>
/// Repairs a dirty hive, in memory, by its transaction logs as Windows does when it loads one. Windows NT to 8 log the changed sectors of one
/// write (.LOG, later .LOG1 and, after an error, .LOG2); since 8.1, entries are appended to .LOG1 and .LOG2 in turn, and the hive itself is
/// written up to an hour later.
/// </summary>
internal static class HiveLogs
{
    public static readonly string[] Suffixes = [".LOG1", ".LOG2", ".LOG"];

    /// <param name="file">The hive.</param>
    /// <param name="valid">Its base block; null when that is damaged.</param>
    /// <param name="raw">The base block's bytes.</param>
    /// <param name="files">The logs that exist, in the order of <see cref="Suffixes"/>.</param>
    public static (HiveBaseBlock BaseBlock, HivePages Pages) Apply(
        HiveFile file, HiveBaseBlock? valid, byte[] raw, IReadOnlyList<HiveFile> files)
    {
        if (valid is not null)
        {
            HiveOpening.Check(file, valid);
        }

        var logs = files.Select(HiveLog.TryRead).OfType<HiveLog>().ToList();
        var entryLogs = EntryLogs(logs, valid);
        var log = entryLogs.Count > 0 ? entryLogs[0] : SectorLog(logs, valid, file);
        if (log is null)
        {
            var found = files.Count == 0 ? "there is none beside it" : $"{string.Join(" and ", files.Select(f => Describe(f, logs)))}";
            throw RegistryErrors.NotClean(file.Path, $"and no transaction log belongs to its state: {found}.");
        }

        var baseBlock = valid?.Clone() ?? log.Recover(raw);
        HiveOpening.Check(file, baseBlock);
        var pages = new HivePages(file, baseBlock.DataSize);
        if (log.IsEntryLog)
        {
            new HiveEntryReplay(file, baseBlock, pages).Apply(entryLogs);
        }
        else
        {
            HiveSectorReplay.Apply(file, log, baseBlock, pages);
        }

        CheckBins(file, pages);
        return (baseBlock, pages);
    }

    /// <summary>
    /// Logs of entries that follow what the hive holds, earliest first; of a hive whose base block is damaged only the latest, since nothing
    /// says how much of the earlier one the hive holds.
    /// </summary>
    private static List<HiveLog> EntryLogs(List<HiveLog> logs, HiveBaseBlock? valid)
    {
        var entryLogs = logs.Where(l => l.IsEntryLog).ToList();
        if (valid is not null)
        {
            entryLogs.RemoveAll(l => Distance(valid.SecondarySequence, l.BaseBlock.PrimarySequence) < 0);
        }

        entryLogs.Sort((a, b) => Distance(b.BaseBlock.PrimarySequence, a.BaseBlock.PrimarySequence));
        return valid is null && entryLogs.Count > 0 ? [entryLogs[^1]] : entryLogs;
    }

    /// <summary>
    /// The log of the write that was cut off, which bears the time that the hive's base block has. One that is newer holds, beside its own
    /// changes, all those of writes that did not succeed. Where the base block is damaged, the first bin tells the time of the last write
    /// that came to it.
    /// </summary>
    private static HiveLog? SectorLog(List<HiveLog> logs, HiveBaseBlock? valid, HiveFile file)
    {
        ulong time;
        if (valid is not null)
        {
            time = valid.LastWritten;
        }
        else
        {
            var bin = new byte[HiveBin.HeaderSize];
            if (file.TryRead(HiveBaseBlock.Size, bin) < bin.Length || !bin.AsSpan().StartsWith(HiveBin.Signature))
            {
                return null;
            }

            time = HiveBin.Timestamp(bin);
        }

        return logs.Where(l => !l.IsEntryLog && l.BaseBlock.LastWritten >= time)
            .OrderByDescending(l => l.BaseBlock.LastWritten == time)
            .ThenByDescending(l => l.BaseBlock.LastWritten)
            .FirstOrDefault();
    }

    /// <summary>Sequence numbers wrap around.</summary>
    private static int Distance(uint from, uint to) => unchecked((int)(to - from));

    private static string Describe(HiveFile file, List<HiveLog> logs)
    {
        var name = file.Path[(file.Path.LastIndexOf('/') + 1)..];
        var state = file.Length == 0 ? "empty" : logs.Any(l => l.File == file) ? "of another state" : "damaged";
        return $"{name} is {state}";
    }

    /// <summary>A repaired hive must consist of bins from end to end; what was cut off while it grew does not.</summary>
    private static void CheckBins(HiveFile file, HivePages pages)
    {
        for (uint offset = 0; offset < pages.Size;)
        {
            if (HiveBin.TryRead(pages, offset) is not { } bin)
            {
                throw RegistryErrors.NotClean(
                    file.Path, $"and its transaction logs do not repair it: at byte {HivePages.FileOffset(offset)} there is no bin.");
            }

            offset = bin.End;
        }
    }
}
