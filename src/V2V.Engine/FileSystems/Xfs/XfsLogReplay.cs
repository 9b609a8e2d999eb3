using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// Replays the log into the device, as the kernel does when it mounts (fs/xfs/xfs_log_recover.c): first what the transactions changed, then what they
/// had only announced, then the files that were deleted while open; at last the log is ended like that of a clean unmount.
/// </summary>
internal sealed class XfsLogReplay(WritableBlockDevice device, XfsSuperblock superblock, XfsLog log)
{
    /// <summary>sb_features_log_incompat bits that need nothing but what is here: deferred attributes (refused when one is there) and exchanged ranges.</summary>
    private const uint KnownLogFeatures = 0x3;

    private readonly XfsLogCancelled _cancelled = new();
    private readonly XfsLogIntents _intents = new();

    public void Run(XfsLogRecord newest)
    {
        if ((superblock.LogIncompat & ~KnownLogFeatures) != 0
            || (superblock.IsV5 && (superblock.ReadOnlyCompat & ~XfsSupport.WritableReadOnlyCompat) != 0)
            || (superblock.Incompat & ~XfsSupport.Writable) != 0)
        {
            throw Refuse("it has features that V2V does not write");
        }

        // Which blocks were freed, and must not be replayed, has to be known before the first is.
        foreach (var item in XfsLogReader.Committed(log.FromTail(newest)).SelectMany(t => t.Items))
        {
            if (item.Type == XfsLogItemType.Buffer)
            {
                _cancelled.Note(new XfsLogBuffer(item, superblock));
            }
            else if (item.Type is XfsLogItemType.Quota or XfsLogItemType.QuotaOff)
            {
                throw Refuse("its log holds changes of quotas");
            }
        }

        foreach (var transaction in XfsLogReader.Committed(log.FromTail(newest)))
        {
            foreach (var item in InReplayOrder(transaction))
            {
                Replay(item, transaction.Lsn);
            }
        }

        var volume = new XfsVolume(device, superblock);
        using (var change = new XfsTransaction(volume, () => { }))
        {
            new XfsLogFinish(volume).Run(_intents);
            change.Commit();
        }

        volume.Cache.WriteBack();
        log.MarkClean(newest);
        device.Flush();
    }

    public static GuestFileSystemException Refuse(string why) => XfsErrors.NotClean(
        $"The XFS file system was not unmounted cleanly, and V2V cannot replay its log: {why}.",
        "Start the source guest and shut it down cleanly (no suspend, snapshot or power-off), then try again.");

    /// <summary>Blocks first, since inodes go into them; lists of unlinked inodes behind the inodes; cancellations last (xlog_recover_reorder_trans).</summary>
    private IEnumerable<XfsLogItem> InReplayOrder(XfsLogTransaction transaction) => transaction.Items.OrderBy(item => item.Type switch
    {
        XfsLogItemType.CreateInodes => 0,
        XfsLogItemType.Buffer => new XfsLogBuffer(item, superblock) switch
        {
            { IsCancellation: true } => 3,
            { HoldsInodes: true } => 2,
            _ => 0,
        },
        _ => 1,
    });

    private void Replay(XfsLogItem item, ulong lsn)
    {
        switch (item.Type)
        {
            case XfsLogItemType.Buffer:
                var buffer = new XfsLogBuffer(item, superblock);
                if (buffer.IsCancellation)
                {
                    _cancelled.Take(buffer);
                }
                else if (!_cancelled.Contains(buffer.Start, buffer.Count))
                {
                    buffer.Replay(device, lsn);
                }

                break;
            case XfsLogItemType.Inode:
                var inode = new XfsLogInode(item, superblock);
                if (!_cancelled.Contains(inode.Start, inode.Count))
                {
                    inode.Replay(device, lsn);
                }

                break;
            case XfsLogItemType.CreateInodes:
                XfsLogInodeCreation.Replay(item, device, superblock, _cancelled);
                break;
            default:
                _intents.Note(item);
                break;
        }
    }
}
