using System.Buffers.Binary;
using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// Walks the log of a journal: a ring of blocks from s_first to the end, holding transactions of rising sequence. Each is a number of
/// descriptor blocks, each followed by the blocks that it describes, and revoke blocks, ended by a commit block.
/// </summary>
internal sealed class ExtJournalLog(BlockDevice device, Func<uint, long> offsetOf, ExtJournalSuperblock journal, int blockSize)
{
    /// <summary>With checksums of version 2 and 3, descriptor and revoke blocks end in their checksum (jbd2_journal_block_tail).</summary>
    internal const int TailLength = 4;

    private readonly byte[] _block = new byte[blockSize];
    private uint _next = journal.Start;
    private long _walked;

    /// <summary>The transaction that is walked, or the one that was expected where the log ends.</summary>
    internal uint Sequence { get; private set; } = journal.Sequence;

    /// <summary>The block that <see cref="TryReadNext"/> has read.</summary>
    internal ReadOnlySpan<byte> Block => _block;

    /// <summary>False when the log ends here: no block of the journal's, or one that is left over from an earlier round.</summary>
    internal bool TryReadNext(out ExtJournalBlockType type)
    {
        device.Read(offsetOf(Take()), _block);
        var isLog = ExtJournalBlockHeader.TryRead(_block, out var header) && header.Sequence == Sequence;
        type = header.Type;

        // More blocks than the ring has: a transaction that runs into itself was never committed.
        return isLog && _walked <= journal.End - journal.First;
    }

    /// <summary>Steps over the next block, which holds contents, and returns its number.</summary>
    internal uint Take()
    {
        var taken = _next;
        _next = _next + 1 < journal.End ? _next + 1 : journal.First;
        _walked++;
        return taken;
    }

    internal void Skip(int blocks)
    {
        for (; blocks > 0; blocks--)
        {
            Take();
        }
    }

    internal void Commit() => Sequence++;

    /// <summary>Whether the checksum at the end of the descriptor or revoke block that was just read is right.</summary>
    internal bool IsTailIntact()
    {
        var tail = _block.Length - TailLength;
        return !journal.HasBlockChecksums
            || BinaryPrimitives.ReadUInt32BigEndian(_block.AsSpan(tail)) == ExtJournalChecksum.WithoutField(journal.ChecksumSeed, _block, tail);
    }

    internal static GuestFileSystemException Corrupt(string what) =>
        new(V2VError.FileSystemCorrupt, $"The journal of the guest's ext4 file system is damaged: {what}.")
        {
            Format = "ext4",
            Advice = "Let e2fsck repair the file system, or boot the guest once and shut it down cleanly, then convert it.",
        };

    internal static GuestFileSystemException Unsupported(string what) =>
        new(V2VError.FileSystemUnsupported, $"The journal of the guest's ext4 file system has {what}.")
        {
            Format = "ext4",
            Advice = "Boot the guest once and shut it down cleanly, so that its journal is empty.",
        };
}
