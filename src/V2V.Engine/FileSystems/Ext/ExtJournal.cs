using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>The journal (jbd2) of an ext3 or ext4 file system: kernel documentation, "Journal (jbd2)".</summary>
internal static class ExtJournal
{
    /// <summary>
    /// Replays the journal of a file system that was not unmounted, as its kernel would on the next mount, and marks it as empty.
    /// Nothing is written unless all of it can be replayed.
    /// </summary>
    /// <param name="device">The volume.</param>
    /// <param name="journalBlockOffset">Byte offset on the volume of a block of the journal, by its number; throws for one beyond the journal.</param>
    /// <param name="journalBlocks">Blocks that the journal's inode holds.</param>
    /// <param name="blockSize">The file system's block size.</param>
    /// <param name="fileSystemUuid">The file system's s_uuid.</param>
    /// <returns>True when a block was written to its place.</returns>
    /// <exception cref="GuestFileSystemException">The journal is damaged, of an unknown kind, or holds fast commits.</exception>
    internal static bool Replay(
        WritableBlockDevice device, Func<uint, long> journalBlockOffset, uint journalBlocks, int blockSize, ReadOnlySpan<byte> fileSystemUuid)
    {
        var bytes = new byte[ExtJournalSuperblock.Length];
        device.Read(journalBlockOffset(0), bytes);
        var journal = ExtJournalSuperblock.Read(bytes, journalBlocks, blockSize, fileSystemUuid);
        if (journal.Start == 0)
        {
            return false;
        }

        var replay = new ExtJournalReplay(device, journalBlockOffset, journal, blockSize);
        replay.Scan();
        replay.RefuseFastCommits();
        replay.CollectRevoked();
        replay.Verify();
        var written = replay.Write();

        // One further than the next sequence, so that no block of an interrupted transaction can pass for one of a new transaction.
        device.Write(journalBlockOffset(0), journal.Emptied(replay.End + 1));
        return written > 0;
    }
}
