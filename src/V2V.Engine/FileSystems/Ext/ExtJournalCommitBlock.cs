using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>commit_header: ends a transaction.</summary>
internal static class ExtJournalCommitBlock
{
    private const byte Crc32Type = 1;

    /// <summary>Seconds since 1970 when the transaction was committed; never decreases along a log.</summary>
    internal static ulong CommitTime(ReadOnlySpan<byte> block) => BinaryPrimitives.ReadUInt64BigEndian(block[Field.Seconds..]);

    /// <summary>True when the block and, with checksums of version 1, the transaction before it are whole.</summary>
    /// <param name="block">The commit block.</param>
    /// <param name="transactionCrc">CRC32 of the transaction's descriptor and data blocks.</param>
    /// <param name="journal">Tells which checksums there are.</param>
    internal static bool IsIntact(ReadOnlySpan<byte> block, uint transactionCrc, ExtJournalSuperblock journal)
    {
        var checksum = BinaryPrimitives.ReadUInt32BigEndian(block[Field.Checksum..]);
        if (journal.HasBlockChecksums)
        {
            return checksum == ExtJournalChecksum.WithoutField(journal.ChecksumSeed, block, Field.Checksum);
        }

        if (!journal.HasChecksumV1)
        {
            return true;
        }

        // A kernel mounted without the journal_checksum option leaves the three fields zero.
        var (type, size) = (block[Field.ChecksumType], block[Field.ChecksumSize]);
        return (type == 0 && size == 0 && checksum == 0) || (type == Crc32Type && size == sizeof(uint) && checksum == transactionCrc);
    }

    private static class Field
    {
        internal const int ChecksumType = 0x0C;
        internal const int ChecksumSize = 0x0D;
        internal const int Checksum = 0x10;
        internal const int Seconds = 0x30;
    }
}
