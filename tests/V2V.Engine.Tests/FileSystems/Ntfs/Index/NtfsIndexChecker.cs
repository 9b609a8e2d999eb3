using System.Buffers.Binary;
using System.Text;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs.Index;

/// <summary>Checks an index byte for byte, sharing nothing with the code that wrote it, and gives its keys in order.</summary>
internal sealed class NtfsIndexChecker
{
    private readonly NtfsMemoryIndex _index;
    private readonly HashSet<long> _records = [];
    private readonly List<byte[]> _keys = [];
    private int? _leafDepth;

    private NtfsIndexChecker(NtfsMemoryIndex index) => _index = index;

    public int Depth => _leafDepth ?? 0;

    /// <summary>The keys of an index that must be sound.</summary>
    /// <param name="index">The index.</param>
    /// <param name="compare">Order of its keys.</param>
    /// <param name="isEmptyAllowed">Leaves without entries may occur.</param>
    public static (List<byte[]> Keys, int Depth) Check(NtfsMemoryIndex index, Comparison<byte[]> compare, bool isEmptyAllowed = false)
    {
        var checker = new NtfsIndexChecker(index);
        var root = index.ReadRoot().ToArray();
        Assert.Equal((uint)index.RecordSize, U32(root, 8));
        Assert.Equal((uint)(root.Length - 16), U32(root, 20));
        Assert.Equal((uint)(root.Length - 16), U32(root, 24));
        checker.CheckNode(root, 16, 0, isRoot: true, isEmptyAllowed);

        for (var i = 1; i < checker._keys.Count; i++)
        {
            Assert.True(compare(checker._keys[i - 1], checker._keys[i]) < 0, $"Key {i} is out of order.");
        }

        // Every record that is in use is in the tree, and no other.
        var bitmap = index.ReadBitmap();
        var marked = Enumerable.Range(0, bitmap.Length * 8).Where(i => (bitmap[i / 8] & (1 << (i % 8))) != 0).Select(i => (long)i).ToHashSet();
        Assert.Equal(marked.Order(), checker._records.Order());
        return (checker._keys, checker.Depth);
    }

    public static string NameOf(byte[] key)
    {
        Assert.Equal(66 + (key[64] * 2), key.Length);
        return Encoding.Unicode.GetString(key, 66, key[64] * 2);
    }

    private void CheckNode(byte[] raw, int header, int depth, bool isRoot, bool isEmptyAllowed)
    {
        var end = header + U32(raw, header + 4);
        var at = header + U32(raw, header);
        Assert.True(at % 8 == 0 && end <= raw.Length && U32(raw, header + 4) <= U32(raw, header + 8));
        var isInner = (raw[header + 12] & 1) != 0;
        var entries = 0;
        while (true)
        {
            Assert.True(at + 16 <= end, "A node without an end.");
            var length = U16(raw, (int)at + 8);
            var flags = U16(raw, (int)at + 12);
            Assert.True(length % 8 == 0 && at + length <= end);
            Assert.Equal(isInner, (flags & 1) != 0);
            if (isInner)
            {
                CheckRecord(BinaryPrimitives.ReadInt64LittleEndian(raw.AsSpan((int)at + length - 8)), depth + 1, isEmptyAllowed);
            }

            if ((flags & 2) != 0)
            {
                Assert.Equal(0, U16(raw, (int)at + 10));
                Assert.Equal(isInner ? 24 : 16, length);
                Assert.Equal(end, at + length);
                break;
            }

            var keyLength = U16(raw, (int)at + 10);
            Assert.True(16 + keyLength + (isInner ? 8 : 0) <= length);
            _keys.Add(raw[((int)at + 16)..((int)at + 16 + keyLength)]);
            entries++;
            at += length;
        }

        Assert.True(isRoot || entries > 0 || isEmptyAllowed, $"A node {depth} levels below the root has no entries.");
        if (!isInner)
        {
            _leafDepth ??= depth;
            Assert.Equal(_leafDepth, depth);
        }
    }

    private void CheckRecord(long vcn, int depth, bool isEmptyAllowed)
    {
        var unit = _index.RecordSize >= _index.ClusterSize ? _index.ClusterSize : 512;
        var position = vcn * unit;
        Assert.True(position >= 0 && position % _index.RecordSize == 0 && position + _index.RecordSize <= _index.AllocationLength, $"VCN {vcn}.");
        Assert.True(_records.Add(position / _index.RecordSize), $"VCN {vcn} occurs twice.");
        var raw = _index.Allocation[(int)position..(int)(position + _index.RecordSize)];
        Assert.Equal("INDX", Encoding.ASCII.GetString(raw, 0, 4));
        Assert.Equal(vcn, BinaryPrimitives.ReadInt64LittleEndian(raw.AsSpan(16)));
        var array = U16(raw, 4);
        Assert.Equal((_index.RecordSize / 512) + 1, U16(raw, 6));
        Assert.NotEqual(0, U16(raw, array));
        for (var sector = 0; sector < _index.RecordSize / 512; sector++)
        {
            var place = (sector * 512) + 510;
            Assert.Equal(U16(raw, array), U16(raw, place));
            raw.AsSpan(array + 2 + (sector * 2), 2).CopyTo(raw.AsSpan(place));
        }

        Assert.Equal((uint)(_index.RecordSize - 24), U32(raw, 32));
        CheckNode(raw, 24, depth, isRoot: false, isEmptyAllowed);
    }

    private static ushort U16(byte[] raw, int at) => BinaryPrimitives.ReadUInt16LittleEndian(raw.AsSpan(at));

    private static uint U32(byte[] raw, int at) => BinaryPrimitives.ReadUInt32LittleEndian(raw.AsSpan(at));
}
