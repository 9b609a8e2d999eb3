namespace V2V.Engine.FileSystems.Ntfs.Index;

/// <summary>
/// A node of an index: entries in order, and the nodes between them. The header that this reads and writes stands within $INDEX_ROOT as well
/// as in every index record.
/// </summary>
internal sealed class NtfsIndexNode
{
    public const int HeaderSize = 16;

    /// <summary>In place of a node below.</summary>
    public const long NoChild = -1;

    internal static class Offsets
    {
        /// <summary>From the node's header, as the lengths are.</summary>
        public const int FirstEntry = 0;
        public const int UsedLength = 4;
        public const int AllocatedLength = 8;
        public const int Flags = 12;
    }

    /// <summary>LARGE_INDEX in the root, INDEX_NODE in a record: there are nodes below.</summary>
    private const byte FlagHasChildren = 1;

    private const int EntryAlignment = 8;

    private NtfsIndexNode(List<NtfsIndexEntry> entries, List<long> children)
    {
        Entries = entries;
        Children = children;
    }

    public static NtfsIndexNode Empty => new([], [NoChild]);

    public List<NtfsIndexEntry> Entries { get; }

    /// <summary>VCNs of the nodes below: one before each entry and one behind the last, or <see cref="NoChild"/>.</summary>
    public List<long> Children { get; }

    public bool HasChildren => Children.Exists(c => c != NoChild);

    /// <summary>No entries, and nothing below.</summary>
    public bool IsEmpty => Entries.Count == 0 && Children[0] == NoChild;

    /// <summary>Bytes that the entries take on the disk, with the one that ends them.</summary>
    public int EntriesLength
    {
        get
        {
            var length = NtfsIndexEntry.HeaderSize;
            foreach (var entry in Entries)
            {
                length += entry.Length;
            }

            foreach (var child in Children)
            {
                length += child == NoChild ? 0 : sizeof(long);
            }

            return length;
        }
    }

    /// <summary>Reads a node. Its entries keep <paramref name="raw"/>, which must not change.</summary>
    /// <param name="raw">From the node's header to the end of what holds it.</param>
    /// <param name="place">For messages.</param>
    public static NtfsIndexNode Parse(ReadOnlyMemory<byte> raw, string place)
    {
        var data = raw.Span;
        if (data.Length < HeaderSize)
        {
            throw NtfsErrors.Corrupt($"{place} is too short for a node.");
        }

        var position = data.U32(Offsets.FirstEntry);
        var end = data.U32(Offsets.UsedLength);
        if (position < HeaderSize || position % EntryAlignment != 0 || end > data.Length || position > end)
        {
            throw NtfsErrors.Corrupt($"the entries of {place} lie from byte {position} to {end} of {data.Length}.");
        }

        var node = new NtfsIndexNode([], []);
        for (var at = (int)position; ;)
        {
            var entry = EntryAt(raw, at, (int)end, place);
            var flags = entry.Span.U16(NtfsIndexEntry.Offsets.Flags);
            var content = entry;
            if ((flags & NtfsIndexEntry.FlagHasChild) != 0)
            {
                content = entry[..^sizeof(long)];
                node.Children.Add(entry.Span[content.Length..].I64(0));
            }
            else
            {
                node.Children.Add(NoChild);
            }

            if ((flags & NtfsIndexEntry.FlagEnd) != 0)
            {
                return node;
            }

            if (NtfsIndexEntry.HeaderSize + content.Span.U16(NtfsIndexEntry.Offsets.KeyLength) > content.Length)
            {
                throw NtfsErrors.Corrupt($"the key of the entry at byte {at} of {place} is longer than the entry.");
            }

            node.Entries.Add(new NtfsIndexEntry(content));
            at += entry.Length;
        }
    }

    /// <summary>Takes the entries from <paramref name="index"/> on, and the nodes before and behind them, into a new node.</summary>
    public NtfsIndexNode TakeFrom(int index)
    {
        var taken = new NtfsIndexNode(Entries[index..], Children[index..]);
        Entries.RemoveRange(index, Entries.Count - index);
        Children.RemoveRange(index, Children.Count - index);
        return taken;
    }

    /// <summary>Writes header and entries, and zeros to the end.</summary>
    /// <param name="target">From the node's header to the end of what holds it.</param>
    /// <param name="firstEntry">Where the entries begin.</param>
    /// <param name="allocatedLength">Bytes that the node may grow to, from its header.</param>
    public void Write(Span<byte> target, int firstEntry, int allocatedLength)
    {
        target.Put32(Offsets.FirstEntry, (uint)firstEntry);
        target.Put32(Offsets.UsedLength, (uint)(firstEntry + EntriesLength));
        target.Put32(Offsets.AllocatedLength, (uint)allocatedLength);
        target.Put32(Offsets.Flags, HasChildren ? FlagHasChildren : 0u);
        target = target[firstEntry..];
        for (var i = 0; i < Entries.Count; i++)
        {
            target = WriteEntry(target, Entries[i].Raw, Children[i], 0);
        }

        Span<byte> end = stackalloc byte[NtfsIndexEntry.HeaderSize];
        end.Clear();
        target = WriteEntry(target, end, Children[^1], NtfsIndexEntry.FlagEnd);
        target.Clear();
    }

    private static ReadOnlyMemory<byte> EntryAt(ReadOnlyMemory<byte> raw, int at, int end, string place)
    {
        var rest = raw[at..end];
        if (rest.Length < NtfsIndexEntry.HeaderSize)
        {
            throw NtfsErrors.Corrupt($"{place} has no last entry.");
        }

        var length = rest.Span.U16(NtfsIndexEntry.Offsets.Length);
        var least = NtfsIndexEntry.HeaderSize
            + ((rest.Span.U16(NtfsIndexEntry.Offsets.Flags) & NtfsIndexEntry.FlagHasChild) != 0 ? sizeof(long) : 0);
        if (length < least || length % EntryAlignment != 0 || length > rest.Length)
        {
            throw NtfsErrors.Corrupt($"the entry at byte {at} of {place} has a length of {length}, where {rest.Length} bytes are left.");
        }

        return rest[..length];
    }

    private static Span<byte> WriteEntry(Span<byte> target, scoped ReadOnlySpan<byte> entry, long child, ushort flags)
    {
        entry.CopyTo(target);
        var length = entry.Length;
        if (child != NoChild)
        {
            flags |= NtfsIndexEntry.FlagHasChild;
            target.PutI64(length, child);
            length += sizeof(long);
        }

        target.Put16(NtfsIndexEntry.Offsets.Length, length);
        target.Put16(NtfsIndexEntry.Offsets.Flags, flags);
        return target[length..];
    }
}
