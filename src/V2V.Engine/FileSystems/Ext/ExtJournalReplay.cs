using System.Buffers.Binary;
using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>The passes over a log that holds transactions, in the order of its methods.</summary>
internal sealed class ExtJournalReplay(WritableBlockDevice device, Func<uint, long> offsetOf, ExtJournalSuperblock journal, int blockSize)
{
    /// <summary>
    /// The most blocks that a log may hold for replay: 16 GiB with blocks of 4 KiB, far beyond the 1 GiB that mke2fs makes for the largest
    /// volumes. Bounds the memory that a made-up journal can ask for.
    /// </summary>
    private const int MaxLoggedBlocks = 4 << 20;

    private readonly byte[] _contents = new byte[blockSize];
    private readonly List<ExtJournalTag> _tags = [];

    /// <summary>Every block of the file system that the log holds, with the latest transaction that revokes it, if any.</summary>
    private readonly Dictionary<ulong, uint?> _revoked = [];

    private delegate void ContentsVisitor(ExtJournalTag tag, uint journalBlock, uint sequence);

    /// <summary>Sequence of the first transaction that was not committed.</summary>
    internal uint End { get; private set; } = journal.Sequence;

    /// <summary>Finds <see cref="End"/>, and whether the transactions before it are whole.</summary>
    internal void Scan()
    {
        var log = Log();
        var crc = ~0u;
        var isSuspect = false;
        uint? interrupted = null;
        ulong lastCommit = 0;
        while (log.TryReadNext(out var type))
        {
            switch (type)
            {
                case ExtJournalBlockType.Descriptor:
                    isSuspect |= !log.IsTailIntact();
                    crc = journal.HasChecksumV1 ? ExtJournalChecksum.Crc32BigEndian(crc, log.Block) : crc;
                    crc = ScanContents(log, crc);
                    break;

                case ExtJournalBlockType.Revoke:
                    isSuspect |= !log.IsTailIntact();
                    break;

                case ExtJournalBlockType.Commit:
                    var time = ExtJournalCommitBlock.CommitTime(log.Block);
                    var isIntact = !isSuspect && ExtJournalCommitBlock.IsIntact(log.Block, crc, journal);
                    if (!isIntact && time < lastCommit)
                    {
                        // An older commit is left over from an earlier use of these blocks: the log ends before it.
                        End = interrupted ?? log.Sequence;
                        return;
                    }

                    // A commit that may be written before its transaction is on the disk tells nothing when it does not match; one that
                    // is followed by another, or that is written last, does.
                    if (interrupted is not null || (!isIntact && (isSuspect || !journal.HasAsyncCommit)))
                    {
                        throw ExtJournalLog.Corrupt($"transaction {interrupted ?? log.Sequence} was committed, but its checksums are wrong");
                    }

                    interrupted = isIntact ? null : log.Sequence;
                    lastCommit = time;
                    crc = ~0u;
                    log.Commit();
                    break;

                default:
                    End = interrupted ?? log.Sequence;
                    return;
            }
        }

        End = interrupted ?? log.Sequence;
    }

    /// <summary>Fast commits hold changes of inodes rather than blocks, which only the file system's driver can replay.</summary>
    internal void RefuseFastCommits()
    {
        // Kernels have the area begin at the end of the log or one block later.
        for (var block = journal.End; journal.HasFastCommit && block < Math.Min(journal.End + 2, journal.Blocks); block++)
        {
            ReadContents(block);
            if (ExtJournalFastCommit.Follows(_contents, End))
            {
                throw new GuestFileSystemException(
                    V2VError.FileSystemNotClean,
                    $"The journal of the guest's ext4 file system holds fast commits after transaction {End - 1}, which V2V cannot replay.")
                {
                    Format = "ext4",
                    Offset = offsetOf(block),
                    Advice = "Boot the guest once and shut it down cleanly.",
                };
            }
        }
    }

    internal void CollectRevoked()
    {
        var log = Log();
        while (log.Sequence != End && log.TryReadNext(out var type))
        {
            switch (type)
            {
                case ExtJournalBlockType.Descriptor:
                    ExtJournalTag.ReadAll(log.Block, journal, _tags);
                    log.Skip(_tags.Count);
                    break;
                case ExtJournalBlockType.Revoke:
                    ExtJournalRevokeBlock.Collect(log.Block, log.Sequence, journal, _revoked);
                    break;
                default:
                    log.Commit();
                    break;
            }
        }
    }

    /// <summary>Makes sure that every block to be written lies on the volume and has the contents that it was logged with.</summary>
    internal void Verify() => VisitContents((tag, journalBlock, sequence) =>
    {
        var blocks = device.Length / blockSize;
        if (tag.Block >= (ulong)blocks)
        {
            throw ExtJournalLog.Corrupt($"transaction {sequence} holds block {tag.Block} of a volume of {blocks} blocks");
        }

        if (journal.HasBlockChecksums)
        {
            ReadContents(journalBlock);
            if (!tag.Matches(_contents, sequence, journal))
            {
                throw ExtJournalLog.Corrupt($"the copy of block {tag.Block} in transaction {sequence} does not match its checksum");
            }
        }
    });

    /// <summary>Writes every block to its place; returns how many were written.</summary>
    internal int Write()
    {
        var written = 0;
        VisitContents((tag, journalBlock, _) =>
        {
            ReadContents(journalBlock);
            if (tag.IsEscaped)
            {
                BinaryPrimitives.WriteUInt32BigEndian(_contents, ExtJournalBlockHeader.Magic);
            }

            device.Write((long)tag.Block * blockSize, _contents);
            written++;
        });
        return written;
    }

    private ExtJournalLog Log() => new(device, offsetOf, journal, blockSize);

    private void ReadContents(uint journalBlock) => device.Read(offsetOf(journalBlock), _contents);

    private uint ScanContents(ExtJournalLog log, uint crc)
    {
        ExtJournalTag.ReadAll(log.Block, journal, _tags);
        foreach (var tag in _tags)
        {
            _revoked.TryAdd(tag.Block, null);
            var journalBlock = log.Take();
            if (journal.HasChecksumV1)
            {
                ReadContents(journalBlock);
                crc = ExtJournalChecksum.Crc32BigEndian(crc, _contents);
            }
        }

        return _revoked.Count <= MaxLoggedBlocks
            ? crc
            : throw ExtJournalLog.Unsupported($"more than {MaxLoggedBlocks} blocks to be replayed");
    }

    /// <summary>Visits the contents that committed transactions hold, in their order, but for those that were revoked.</summary>
    private void VisitContents(ContentsVisitor visit)
    {
        var log = Log();
        while (log.Sequence != End && log.TryReadNext(out var type))
        {
            if (type == ExtJournalBlockType.Commit)
            {
                log.Commit();
            }
            else if (type == ExtJournalBlockType.Descriptor)
            {
                ExtJournalTag.ReadAll(log.Block, journal, _tags);
                foreach (var tag in _tags)
                {
                    var journalBlock = log.Take();

                    // A transaction is revoked by those of its own sequence and later ones; sequences wrap around.
                    var isRevoked = _revoked.GetValueOrDefault(tag.Block) is { } by && (int)(log.Sequence - by) <= 0;
                    if (!isRevoked)
                    {
                        visit(tag, journalBlock, log.Sequence);
                    }
                }
            }
        }
    }
}
