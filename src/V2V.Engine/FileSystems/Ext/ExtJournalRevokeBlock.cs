using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>jbd2_journal_revoke_header_t: blocks whose contents in this and earlier transactions must not be replayed.</summary>
internal static class ExtJournalRevokeBlock
{
    /// <summary>
    /// Notes, for those keys of <paramref name="revoked"/> that are revoked here, the transaction that revokes them. Blocks that no
    /// transaction of the log holds are left out: nothing would be replayed over them.
    /// </summary>
    internal static void Collect(ReadOnlySpan<byte> block, uint sequence, ExtJournalSuperblock journal, Dictionary<ulong, uint?> revoked)
    {
        var end = BinaryPrimitives.ReadUInt32BigEndian(block[Field.Used..]);
        if (end > block.Length - (journal.HasBlockChecksums ? ExtJournalLog.TailLength : 0))
        {
            throw ExtJournalLog.Corrupt($"a revoke block of transaction {sequence} says that {end} of its {block.Length} bytes are used");
        }

        var length = journal.Is64Bit ? sizeof(ulong) : sizeof(uint);
        for (var at = Field.Blocks; at + length <= end; at += length)
        {
            var number = journal.Is64Bit
                ? BinaryPrimitives.ReadUInt64BigEndian(block[at..])
                : BinaryPrimitives.ReadUInt32BigEndian(block[at..]);
            if (revoked.ContainsKey(number))
            {
                revoked[number] = sequence;
            }
        }
    }

    private static class Field
    {
        internal const int Used = ExtJournalBlockHeader.Length;
        internal const int Blocks = Used + 4;
    }
}
