namespace V2V.Engine.FileSystems.Ntfs.Index;

/// <summary>An index record, "INDX": a node of an index that is not its root, protected by fixups.</summary>
internal static class NtfsIndexRecord
{
    public const uint Signature = 0x58444E49; // "INDX"

    /// <summary>Where the node's header stands.</summary>
    public const int NodeOffset = 24;

    public const int MinSize = 512;

    public const int MaxSize = 64 << 10;

    internal static class Offsets
    {
        public const int Signature = 0;
        public const int LogSequenceNumber = 8;
        public const int Vcn = 16;
        public const int FixupArray = 40;
    }

    private const int EntryAlignment = 8;

    /// <summary>Where this writes the first entry, counted from the node's header.</summary>
    public static int FirstEntry(int recordSize)
    {
        var end = Offsets.FixupArray + NtfsFixups.ArrayLength(recordSize);
        return ((end + EntryAlignment - 1) & -EntryAlignment) - NodeOffset;
    }

    /// <summary>Bytes for entries.</summary>
    public static int Capacity(int recordSize) => recordSize - NodeOffset - FirstEntry(recordSize);

    /// <summary>Undoes the fixups of a record, checks its header, and reads its node.</summary>
    /// <param name="raw">The record as on the disk.</param>
    /// <param name="vcn">Its place.</param>
    /// <param name="place">For messages.</param>
    public static NtfsIndexNode Parse(byte[] raw, long vcn, string place)
    {
        if (raw.AsReadOnly().U32(Offsets.Signature) != Signature)
        {
            throw NtfsErrors.Corrupt($"{place} does not begin with \"INDX\".");
        }

        if (!NtfsFixups.TryUndo(raw))
        {
            throw NtfsErrors.Corrupt($"{place} was only written in part (its update sequence does not match).");
        }

        var stored = raw.AsReadOnly().I64(Offsets.Vcn);
        if (stored != vcn)
        {
            throw NtfsErrors.Corrupt($"{place} says that it is the one of VCN {stored}.");
        }

        return NtfsIndexNode.Parse(raw.AsMemory(NodeOffset), place);
    }

    /// <summary>The record of a node as it goes to the disk.</summary>
    /// <param name="node">What it holds; it must fit.</param>
    /// <param name="vcn">Its place.</param>
    /// <param name="recordSize">Bytes of the record.</param>
    /// <param name="sequence">The update sequence number that the place had, to be counted up.</param>
    public static byte[] Build(NtfsIndexNode node, long vcn, int recordSize, ushort sequence)
    {
        var raw = new byte[recordSize];
        var span = raw.AsSpan();
        span.Put32(Offsets.Signature, Signature);
        span.Put16(NtfsFixups.Offsets.ArrayOffset, Offsets.FixupArray);
        span.Put16(NtfsFixups.Offsets.ArrayCount, NtfsFixups.ArrayLength(recordSize) / sizeof(ushort));
        span.Put16(Offsets.FixupArray, sequence);
        span.PutI64(Offsets.Vcn, vcn);
        node.Write(span[NodeOffset..], FirstEntry(recordSize), recordSize - NodeOffset);
        NtfsFixups.Apply(span);
        return raw;
    }

    /// <summary>The update sequence number of a record as on the disk, or 0.</summary>
    public static ushort Sequence(ReadOnlySpan<byte> raw)
    {
        var offset = raw.U16(NtfsFixups.Offsets.ArrayOffset);
        return raw.U32(Offsets.Signature) == Signature && offset <= raw.Length - sizeof(ushort) ? raw.U16(offset) : (ushort)0;
    }
}
