using System.Buffers.Binary;
using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>journal_block_tag_t and journal_block_tag3_t: one block of the file system whose new contents stand in the log.</summary>
/// <param name="Block">Block of the file system.</param>
/// <param name="IsEscaped">The block begins with the journal's magic, which stands as zeros in the log.</param>
/// <param name="Checksum">CRC32C of sequence and contents; its lower 16 bits in version 2.</param>
internal readonly record struct ExtJournalTag(ulong Block, bool IsEscaped, uint Checksum)
{
    private const int UuidLength = 16;

    /// <summary>Reads the tags of a descriptor block into <paramref name="tags"/>, which is emptied first.</summary>
    internal static void ReadAll(ReadOnlySpan<byte> descriptor, ExtJournalSuperblock journal, List<ExtJournalTag> tags)
    {
        tags.Clear();
        var length = LengthIn(journal);
        var end = descriptor.Length - (journal.HasBlockChecksums ? ExtJournalLog.TailLength : 0);
        for (var at = ExtJournalBlockHeader.Length; at + length <= end;)
        {
            var tag = descriptor[at..];
            var flags = (TagFlags)BinaryPrimitives.ReadUInt16BigEndian(tag[Field.Flags..]);
            ulong block = BinaryPrimitives.ReadUInt32BigEndian(tag[Field.Block..]);
            if (journal.Is64Bit)
            {
                block |= (ulong)BinaryPrimitives.ReadUInt32BigEndian(tag[Field.BlockHigh..]) << 32;
            }

            var checksum = !journal.HasBlockChecksums ? 0
                : journal.HasChecksumV3 ? BinaryPrimitives.ReadUInt32BigEndian(tag[Field.ChecksumV3..])
                : BinaryPrimitives.ReadUInt16BigEndian(tag[Field.ChecksumV2..]);
            tags.Add(new ExtJournalTag(block, flags.HasFlag(TagFlags.Escaped), checksum));
            if (flags.HasFlag(TagFlags.Last))
            {
                return;
            }

            at += length + (flags.HasFlag(TagFlags.SameUuid) ? 0 : UuidLength);
        }
    }

    /// <summary>True when the contents in the log are those that the tag was made for.</summary>
    internal bool Matches(ReadOnlySpan<byte> contents, uint sequence, ExtJournalSuperblock journal)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, sequence);
        var computed = Crc32C.Append(Crc32C.Append(journal.ChecksumSeed, bytes), contents);
        return Checksum == (journal.HasChecksumV3 ? computed : computed & 0xFFFF);
    }

    private static int LengthIn(ExtJournalSuperblock journal)
    {
        const int Short = 8;
        const int High = 4;
        const int Version3 = 16;

        // The first kernels with checksums of version 2 made the tag two bytes longer than its fields are, and so it stayed.
        const int Version2Slack = 2;
        return journal.HasChecksumV3
            ? Version3
            : Short + (journal.Is64Bit ? High : 0) + (journal.HasBlockChecksums ? Version2Slack : 0);
    }

    [Flags]
    private enum TagFlags : ushort
    {
        Escaped = 1,
        SameUuid = 2,
        Last = 8,
    }

    private static class Field
    {
        internal const int Block = 0;
        internal const int ChecksumV2 = 4;
        internal const int Flags = 6; // the lower half of version 3's 32-bit word at 4
        internal const int BlockHigh = 8;
        internal const int ChecksumV3 = 12;
    }
}
