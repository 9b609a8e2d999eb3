using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>The head of the fast commit area (ext4_fc_tl and ext4_fc_head, little-endian unlike the rest of the journal).</summary>
internal static class ExtJournalFastCommit
{
    private const ushort HeadTag = 9;

    /// <summary>True when the area holds fast commits that belong after the last of the log's transactions.</summary>
    /// <param name="block">The area's first block.</param>
    /// <param name="sequence">The sequence that the next transaction has.</param>
    internal static bool Follows(ReadOnlySpan<byte> block, uint sequence) =>
        BinaryPrimitives.ReadUInt16LittleEndian(block[Field.Tag..]) == HeadTag
        && BinaryPrimitives.ReadUInt32LittleEndian(block[Field.Sequence..]) == sequence;

    private static class Field
    {
        internal const int Tag = 0;
        internal const int Sequence = 8;
    }
}
