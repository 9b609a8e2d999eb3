using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>An extended attribute as stored: the name without the prefix that <see cref="NameIndex"/> stands for.</summary>
/// <param name="NameIndex">e_name_index: number of the prefix.</param>
/// <param name="Name">The rest of the name.</param>
/// <param name="Value">The value; empty when it stands in an inode of its own.</param>
/// <param name="ValueInode">Inode of a large value (ea_inode feature), else 0.</param>
/// <param name="ValueSize">Size of the value in bytes.</param>
/// <param name="Hash">e_hash as stored.</param>
internal sealed record ExtXattrEntry(byte NameIndex, byte[] Name, byte[] Value, uint ValueInode, uint ValueSize, uint Hash)
{
    /// <summary>Entry header without the name.</summary>
    public const int HeaderSize = 16;

    /// <summary>The kernel's XATTR_SIZE_MAX, which bounds values in inodes of their own.</summary>
    public const int MaxValueSize = 65536;

    private const int NameHashShift = 5;

    private const int ValueHashShift = 16;

    private static class Offsets
    {
        public const int NameLength = 0;
        public const int NameIndex = 1;
        public const int ValueOffset = 2;
        public const int ValueInode = 4;
        public const int ValueSize = 8;
        public const int Hash = 12;
    }

    /// <summary>Bytes that the entry takes in the list, and its value in the same area.</summary>
    public int EntrySize => HeaderSize + Align(Name.Length);

    public int StoredValueSize => ValueInode != 0 ? 0 : Align(Value.Length);

    public bool Is(byte index, ReadOnlySpan<byte> name) => NameIndex == index && name.SequenceEqual(Name);

    /// <summary>Reads the entries of an area up to the terminating zero word.</summary>
    /// <param name="area">The whole area: a block, or what follows an inode's fields.</param>
    /// <param name="start">Where the first entry stands.</param>
    /// <param name="valueBase">Where value offsets count from.</param>
    /// <param name="where">Names the place in messages.</param>
    public static List<ExtXattrEntry> ParseAll(ReadOnlySpan<byte> area, int start, int valueBase, string where)
    {
        var entries = new List<ExtXattrEntry>();
        for (var at = start; ;)
        {
            if (at > area.Length - sizeof(uint))
            {
                throw ExtErrors.Corrupt($"the extended attributes of {where} do not end.");
            }

            if (BinaryPrimitives.ReadUInt32LittleEndian(area[at..]) == 0)
            {
                return entries;
            }

            var nameLength = area[at + Offsets.NameLength];
            if (at > area.Length - HeaderSize - Align(nameLength))
            {
                throw ExtErrors.Corrupt($"an extended attribute of {where} reaches behind its area.");
            }

            var raw = area[at..];
            var size = BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.ValueSize..]);
            var inode = BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.ValueInode..]);
            var offset = (long)valueBase + BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.ValueOffset..]);
            if (size > MaxValueSize || (inode == 0 && size > 0 && offset > area.Length - size))
            {
                throw ExtErrors.Corrupt($"the value of an extended attribute of {where} reaches behind its area.");
            }

            entries.Add(new ExtXattrEntry(
                raw[Offsets.NameIndex], raw.Slice(HeaderSize, nameLength).ToArray(),
                inode == 0 && size > 0 ? area.Slice((int)offset, (int)size).ToArray() : [],
                inode, size, BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.Hash..])));
            at += HeaderSize + Align(nameLength);
        }
    }

    /// <summary>Bytes that entries need together: the list, its terminator and the values.</summary>
    public static int SizeOf(IEnumerable<ExtXattrEntry> entries) => sizeof(uint) + entries.Sum(e => e.EntrySize + e.StoredValueSize);

    /// <summary>Writes entries from <paramref name="start"/> on and their values from the area's end downwards; the area is cleared before.</summary>
    public static void WriteAll(IEnumerable<ExtXattrEntry> entries, Span<byte> area, int start, int valueBase)
    {
        area[start..].Clear();
        var valueEnd = area.Length;
        foreach (var entry in entries)
        {
            var raw = area[start..];
            raw[Offsets.NameLength] = (byte)entry.Name.Length;
            raw[Offsets.NameIndex] = entry.NameIndex;
            BinaryPrimitives.WriteUInt32LittleEndian(raw[Offsets.ValueInode..], entry.ValueInode);
            BinaryPrimitives.WriteUInt32LittleEndian(raw[Offsets.ValueSize..], entry.ValueSize);
            BinaryPrimitives.WriteUInt32LittleEndian(raw[Offsets.Hash..], entry.Hash);
            entry.Name.CopyTo(raw[HeaderSize..]);
            if (entry.StoredValueSize > 0)
            {
                valueEnd -= entry.StoredValueSize;
                BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.ValueOffset..], (ushort)(valueEnd - valueBase));
                entry.Value.CopyTo(area[valueEnd..]);
            }

            start += entry.EntrySize;
        }
    }

    /// <summary>e_hash over name and value (fs/ext4: 5-bit and 16-bit rotations).</summary>
    public static uint ComputeHash(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var hash = 0u;
        foreach (var character in name)
        {
            hash = System.Numerics.BitOperations.RotateLeft(hash, NameHashShift) ^ character;
        }

        Span<byte> word = stackalloc byte[sizeof(uint)];
        for (var at = 0; at < value.Length; at += sizeof(uint))
        {
            word.Clear();
            value[at..Math.Min(value.Length, at + sizeof(uint))].CopyTo(word);
            hash = System.Numerics.BitOperations.RotateLeft(hash, ValueHashShift) ^ BinaryPrimitives.ReadUInt32LittleEndian(word);
        }

        return hash;
    }

    private static int Align(int length) => (length + 3) & ~3;
}
