using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ext;

internal enum ExtJournalBlockType : uint
{
    Descriptor = 1,
    Commit = 2,
    SuperblockV1 = 3,
    SuperblockV2 = 4,
    Revoke = 5,
}

/// <summary>journal_header_t: starts every block of the log that is not a copy of a file system's block.</summary>
internal readonly record struct ExtJournalBlockHeader(ExtJournalBlockType Type, uint Sequence)
{
    internal const uint Magic = 0xC03B3998;

    internal const int Length = 12;

    /// <summary>False when the block does not carry the journal's magic.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> block, out ExtJournalBlockHeader header)
    {
        header = new ExtJournalBlockHeader(
            (ExtJournalBlockType)BinaryPrimitives.ReadUInt32BigEndian(block[Field.Type..]),
            BinaryPrimitives.ReadUInt32BigEndian(block[Field.Sequence..]));
        return BinaryPrimitives.ReadUInt32BigEndian(block[Field.Magic..]) == Magic;
    }

    private static class Field
    {
        internal const int Magic = 0;
        internal const int Type = 4;
        internal const int Sequence = 8;
    }
}
