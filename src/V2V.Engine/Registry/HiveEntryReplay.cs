namespace V2V.Engine.Registry;

/// <summary>
/// Applies logs of entries. Their sequence numbers are consecutive, also from one log to the next; the first gap, or entry that was not written
/// to its end, is where the guest stopped.
/// </summary>
internal sealed class HiveEntryReplay(HiveFile file, HiveBaseBlock baseBlock, HivePages pages)
{
    /// <summary>The only bit of the base block's flags that entries carry: a transaction manager has the hive locked.</summary>
    private const uint Locked = 1;

    private uint? _last;

    /// <param name="logs">Earliest first.</param>
    public void Apply(IEnumerable<HiveLog> logs)
    {
        foreach (var log in logs)
        {
            Apply(log);
        }

        if (_last is not { } last)
        {
            throw RegistryErrors.NotClean(file.Path, "and its transaction logs hold no whole entry.");
        }

        baseBlock.PrimarySequence = last;
        baseBlock.SecondarySequence = last;
        baseBlock.DataSize = pages.Size;
    }

    private void Apply(HiveLog log)
    {
        // Behind the last entry stand older ones, of the time before the log was begun anew.
        var expected = _last is { } last ? unchecked(last + 1) : log.BaseBlock.PrimarySequence;
        for (long at = HiveLogEntry.Alignment; HiveLogEntry.TryRead(log.File, at) is { } entry && entry.Sequence == expected; at += entry.Size)
        {
            Apply(log.File, entry);
            _last = entry.Sequence;
            expected = unchecked(expected + 1);
        }
    }

    private void Apply(HiveFile log, HiveLogEntry entry)
    {
        pages.Resize(entry.DataSize);
        baseBlock.Flags = (baseBlock.Flags & ~Locked) | (entry.Flags & Locked);
        foreach (var (offset, length, at) in entry.Pieces)
        {
            for (uint done = 0; done < length;)
            {
                var here = offset + done;
                var part = Math.Min(length - done, HivePages.PageSize - (here % HivePages.PageSize));
                if (part == HivePages.PageSize)
                {
                    pages.Replace(here / HivePages.PageSize, log, at + done);
                }
                else
                {
                    var content = new byte[part];
                    log.Read(at + done, content);
                    pages.Write(here, content);
                }

                done += part;
            }
        }
    }
}
