using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// A leaf of attributes (xfs_attr_leafblock): sorted hashes with flags from the start, names and values from the end. A value of more than
/// three quarters of a block stands in blocks of its own.
/// </summary>
internal sealed class XfsAttributeLeaf : XfsDaBlock
{
    private const int EntrySize = 8;

    private const int Alignment = 4;

    /// <summary>Value length and name length, before name and value.</summary>
    private const int LocalHeaderSize = 3;

    /// <summary>Block, value length and name length, before the name.</summary>
    private const int RemoteHeaderSize = 9;

    /// <summary>The kernel's structure once ended in padding that sizes still count.</summary>
    private const int RemotePadding = 2;

    private static class Offsets
    {
        /// <summary>Behind the common header.</summary>
        public const int Count = 0;
        public const int UsedBytes = 2;
        public const int FirstUsed = 4;
        public const int Holes = 6;
        public const int FreeMap = 8;

        /// <summary>Version 5 aligns the entries to eight bytes.</summary>
        public const int Version4End = 20;
        public const int Version5End = 24;

        public const int EntryName = 4;
        public const int EntryFlags = 6;

        public const int LocalNameLength = 2;
        public const int RemoteValueLength = 4;
        public const int RemoteNameLength = 8;
    }

    /// <exception cref="GuestFileSystemException">It is no leaf of attributes, or malformed.</exception>
    public XfsAttributeLeaf(XfsFork fork, uint block, XfsBuffer buffer)
        : base(fork, block, buffer)
    {
        int count = BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(InfoSize + Offsets.Count));
        if (Kind != XfsDaBlockKind.AttributeLeaf || count > (Data.Length - EntriesStart) / EntrySize)
        {
            throw Corrupt("is no leaf of attributes, or has more of them than fit");
        }

        for (var i = 0; i < count; i++)
        {
            Attributes.Add(Parse(Data.AsSpan(EntriesStart + (i * EntrySize), EntrySize), EntriesStart + (count * EntrySize)));
            if (i > 0 && Attributes[i].Hash < Attributes[i - 1].Hash)
            {
                throw Corrupt("is not sorted");
            }
        }
    }

    /// <summary>The attributes in the order of their hashes.</summary>
    public List<XfsAttribute> Attributes { get; } = [];

    /// <summary>Bytes for attributes.</summary>
    public int Capacity => Data.Length - EntriesStart;

    private int EntriesStart => InfoSize + (Fork.Geometry.IsV5 ? Offsets.Version5End : Offsets.Version4End);

    public static XfsAttributeLeaf Initialise(XfsFork fork, uint block, XfsBuffer buffer)
    {
        Initialise(fork, buffer, XfsDaBlockKind.AttributeLeaf);
        var leaf = new XfsAttributeLeaf(fork, block, buffer);
        leaf.Write([]);
        return leaf;
    }

    /// <summary>Whether a value stands with its name rather than in blocks of its own.</summary>
    public static bool HoldsLocally(int nameLength, int valueLength, int blockSize) =>
        NameSize(isLocal: true, nameLength, valueLength) < (blockSize >> 1) + (blockSize >> 2);

    /// <summary>Bytes that an attribute takes in a leaf.</summary>
    public static int SizeOf(XfsAttribute attribute) => EntrySize + NameSize(attribute.IsLocal, attribute.Name.Length, attribute.Value.Length);

    /// <summary>Replaces the contents with attributes sorted by hash; their names and values then lie without gaps.</summary>
    public void Write(IReadOnlyList<XfsAttribute> attributes)
    {
        Modify(EntriesStart).Clear();
        var (entry, names) = (EntriesStart, Data.Length);
        foreach (var attribute in attributes)
        {
            names -= SizeOf(attribute) - EntrySize;
            BinaryPrimitives.WriteUInt32BigEndian(Data.AsSpan(entry), attribute.Hash);
            BinaryPrimitives.WriteUInt16BigEndian(Data.AsSpan(entry + Offsets.EntryName), (ushort)names);
            Data[entry + Offsets.EntryFlags] = (byte)attribute.Flags;
            WriteName(attribute, Data.AsSpan(names));
            entry += EntrySize;
        }

        var header = Data.AsSpan(InfoSize);
        BinaryPrimitives.WriteUInt16BigEndian(header[Offsets.Count..], (ushort)attributes.Count);
        BinaryPrimitives.WriteUInt16BigEndian(header[Offsets.UsedBytes..], (ushort)(Data.Length - names));

        // The end of a block of 64 KiB does not fit into the field and is zero there (XFS_ATTR3_LEAF_NULLOFF).
        BinaryPrimitives.WriteUInt16BigEndian(header[Offsets.FirstUsed..], (ushort)names);
        header[Offsets.Holes] = 0;
        header[Offsets.FreeMap..(EntriesStart - InfoSize)].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(header[Offsets.FreeMap..], (ushort)entry);
        BinaryPrimitives.WriteUInt16BigEndian(header[(Offsets.FreeMap + sizeof(ushort))..], (ushort)(names - entry));
        Attributes.Clear();
        Attributes.AddRange(attributes);
    }

    private static int NameSize(bool isLocal, int nameLength, int valueLength)
    {
        var size = isLocal ? LocalHeaderSize + nameLength + valueLength : RemoteHeaderSize + RemotePadding + nameLength;
        return (size + Alignment - 1) / Alignment * Alignment;
    }

    private static void WriteName(XfsAttribute attribute, Span<byte> raw)
    {
        if (attribute.IsLocal)
        {
            BinaryPrimitives.WriteUInt16BigEndian(raw, (ushort)attribute.Value.Length);
            raw[Offsets.LocalNameLength] = (byte)attribute.Name.Length;
            attribute.Name.CopyTo(raw[LocalHeaderSize..]);
            attribute.Value.CopyTo(raw[(LocalHeaderSize + attribute.Name.Length)..]);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(raw, attribute.RemoteBlock);
            BinaryPrimitives.WriteUInt32BigEndian(raw[Offsets.RemoteValueLength..], (uint)attribute.RemoteLength);
            raw[Offsets.RemoteNameLength] = (byte)attribute.Name.Length;
            attribute.Name.CopyTo(raw[RemoteHeaderSize..]);
        }
    }

    private XfsAttribute Parse(ReadOnlySpan<byte> entry, int namesStart)
    {
        var hash = BinaryPrimitives.ReadUInt32BigEndian(entry);
        int at = BinaryPrimitives.ReadUInt16BigEndian(entry[Offsets.EntryName..]);
        var flags = (XfsAttributeFlags)entry[Offsets.EntryFlags];
        var isLocal = flags.HasFlag(XfsAttributeFlags.Local);
        var headerSize = isLocal ? LocalHeaderSize : RemoteHeaderSize;
        if (at < namesStart || at > Data.Length - headerSize)
        {
            throw Corrupt("refers to a name outside its names");
        }

        var raw = Data.AsSpan(at);
        int nameLength = raw[isLocal ? Offsets.LocalNameLength : Offsets.RemoteNameLength];
        var valueLength = isLocal ? BinaryPrimitives.ReadUInt16BigEndian(raw) : BinaryPrimitives.ReadUInt32BigEndian(raw[Offsets.RemoteValueLength..]);
        if (nameLength == 0 || valueLength > XfsAttribute.MaxValueSize || headerSize + nameLength + (isLocal ? valueLength : 0) > raw.Length)
        {
            throw Corrupt("has an attribute of an impossible length");
        }

        var name = raw.Slice(headerSize, nameLength).ToArray();
        return isLocal
            ? new XfsAttribute(flags, name, hash, raw.Slice(headerSize + nameLength, (int)valueLength).ToArray(), 0, 0)
            : new XfsAttribute(flags, name, hash, [], BinaryPrimitives.ReadUInt32BigEndian(raw), (int)valueLength);
    }
}
