using System.Buffers.Binary;
using System.Text;
using Xunit;

namespace V2V.Engine.Tests.Registry;

/// <summary>
/// Checks a whole hive by the format's description, sharing no code with the engine: bins from end to end, cells without gaps, each cell in use
/// referred to exactly once, parents, order and hashes of subkeys, counts of security descriptors, lengths that keys state of what is below them.
/// </summary>
internal sealed class HiveChecker
{
    private const uint None = uint.MaxValue;

    private readonly byte[] _hive;
    private readonly uint _minor;
    private readonly Dictionary<uint, int> _cells = [];
    private readonly HashSet<uint> _used = [];
    private readonly Dictionary<uint, uint> _securityUses = [];

    private HiveChecker(byte[] hive)
    {
        _hive = hive;
        _minor = U32(24 - 4096);
    }

    internal static void Check(byte[] hive)
    {
        Assert.Equal("regf"u8.ToArray(), hive[..4]);
        Assert.Equal(HiveImage.U32(hive, 4), HiveImage.U32(hive, 8));
        var block = hive[..4096];
        HiveImage.Seal(block);
        Assert.Equal(block, hive[..4096]);
        var checker = new HiveChecker(hive);
        checker.ReadBins();
        checker.CheckKey(HiveImage.U32(hive, 36), null);
        checker.CheckSecurity(HiveImage.U32(hive, 36));
        var lost = checker._cells.Keys.Where(c => !checker._used.Contains(c)).ToList();
        Assert.True(lost.Count == 0, $"cells in use that nothing refers to: {string.Join(", ", lost.Take(10))}");
    }

    /// <summary>Every cell in use: its offset in the bins and the bytes behind its header.</summary>
    internal static IReadOnlyList<(uint Offset, int Size)> Cells(byte[] hive)
    {
        var checker = new HiveChecker(hive);
        checker.ReadBins();
        return [.. checker._cells.OrderBy(c => c.Key).Select(c => (c.Key, c.Value))];
    }

    private void ReadBins()
    {
        var size = U32(40 - 4096);
        Assert.True(_hive.Length >= 4096 + size);
        for (uint bin = 0; bin < size;)
        {
            Assert.True(_hive.AsSpan((int)(4096 + bin)).StartsWith("hbin"u8));
            Assert.Equal(bin, U32((int)bin + 4));
            var binSize = U32((int)bin + 8);
            Assert.True(binSize >= 4096 && binSize % 4096 == 0 && binSize <= size - bin);
            var at = bin + 32;
            while (at < bin + binSize)
            {
                var cell = unchecked((int)U32((int)at));
                var length = Math.Abs(cell);
                Assert.True(length >= 8 && length % 8 == 0, $"a cell of {cell} at {at}");
                if (cell < 0)
                {
                    _cells[at] = length - 4;
                }

                at += (uint)length;
            }

            Assert.Equal(bin + binSize, at);
            bin += binSize;
        }
    }

    private string CheckKey(uint cell, uint? parent)
    {
        var key = Use(cell, "nk");
        var flags = U16(key, 2);
        var isCompressed = (flags & 0x20) != 0;
        var nameLength = U16(key, 72);
        var name = Name(key, 76, nameLength, isCompressed);
        Assert.NotEmpty(name);
        if (parent is not null)
        {
            Assert.Equal(parent, HiveImage.U32(key, 16));
        }

        var security = HiveImage.U32(key, 44);
        _securityUses[security] = _securityUses.GetValueOrDefault(security) + 1;
        if (U16(key, 74) > 0)
        {
            Assert.True(Use(HiveImage.U32(key, 48), null).Length >= U16(key, 74));
        }

        CheckValues(key);
        CheckSubkeys(cell, key);
        return name;
    }

    private void CheckValues(ReadOnlySpan<byte> key)
    {
        var count = HiveImage.U32(key, 36);
        if (count == 0)
        {
            Assert.Equal(None, HiveImage.U32(key, 40));
            return;
        }

        var list = Use(HiveImage.U32(key, 40), null);
        for (var i = 0; i < count; i++)
        {
            var value = Use(HiveImage.U32(list, i * 4), "vk");
            var nameLength = U16(value, 2);
            Assert.True(HiveImage.U32(key, 60) >= Name(value, 20, nameLength, (U16(value, 16) & 1) != 0).Length * 2);
            var rawSize = HiveImage.U32(value, 4);
            Assert.True(HiveImage.U32(key, 64) >= (rawSize & 0x7FFFFFFF));
            if ((rawSize & 0x80000000) != 0)
            {
                Assert.True((rawSize & 0x7FFFFFFF) <= 4);
            }
            else if (rawSize > 16344 && _minor >= 4)
            {
                var record = Use(HiveImage.U32(value, 8), "db");
                Assert.Equal((rawSize + 16343) / 16344, U16(record, 2));
                var segments = Use(HiveImage.U32(record, 4), null);
                for (var s = 0; s < U16(record, 2); s++)
                {
                    Assert.True(Use(HiveImage.U32(segments, s * 4), null).Length >= Math.Min(16344, rawSize - (s * 16344)));
                }
            }
            else if (rawSize > 0)
            {
                Assert.True(Use(HiveImage.U32(value, 8), null).Length >= rawSize);
            }
        }
    }

    private void CheckSubkeys(uint cell, byte[] key)
    {
        var count = HiveImage.U32(key, 20);
        if (count == 0)
        {
            Assert.Equal(None, HiveImage.U32(key, 28));
            return;
        }

        string? last = null;
        uint seen = 0;
        var list = Use(HiveImage.U32(key, 28), null);
        if (list[0] == 'r')
        {
            Assert.True(U16(list, 2) > 0);
            for (var i = 0; i < U16(list, 2); i++)
            {
                Leaf(Use(HiveImage.U32(list, 4 + (i * 4)), null));
            }
        }
        else
        {
            Leaf(list);
        }

        Assert.Equal(count, seen);

        void Leaf(byte[] leaf)
        {
            var letter = (char)leaf[1];
            Assert.True(leaf[0] == 'l' && letter is 'f' or 'h' or 'i');
            var size = letter == 'i' ? 4 : 8;
            Assert.InRange(U16(leaf, 2), 1, size == 4 ? 1012 : 507);
            for (var i = 0; i < U16(leaf, 2); i++, seen++)
            {
                var entry = leaf.AsSpan(4 + (i * size));
                var name = CheckKey(HiveImage.U32(entry, 0), cell);
                var upper = string.Concat(name.Select(char.ToUpperInvariant));
                Assert.True(last is null || string.CompareOrdinal(last, upper) < 0, $"{last} is before {upper}");
                last = upper;
                Assert.True((HiveImage.U32(key, 52) & 0xFFFF) >= name.Length * 2);
                if (letter == 'h')
                {
                    Assert.Equal(upper.Aggregate(0u, (h, c) => unchecked((h * 37) + c)), HiveImage.U32(entry, 4));
                }
                else if (letter == 'f')
                {
                    var hint = name[..Math.Min(4, name.Length)];
                    Assert.Equal(hint.Any(c => c > 255) ? new byte[4] : Encoding.Latin1.GetBytes(hint.PadRight(4, '\0')), entry.Slice(4, 4).ToArray());
                }
            }
        }
    }

    private void CheckSecurity(uint root)
    {
        var first = HiveImage.U32(_hive.AsSpan((int)root + 4100), 44);
        var here = first;
        do
        {
            var security = Use(here, "sk");
            Assert.Equal(_securityUses.GetValueOrDefault(here), HiveImage.U32(security, 12));
            var next = HiveImage.U32(security, 4);
            Assert.Equal(here, HiveImage.U32(_hive.AsSpan((int)next + 4100), 8));
            here = next;
        }
        while (here != first);
    }

    private byte[] Use(uint cell, string? signature)
    {
        Assert.True(_cells.TryGetValue(cell, out var length), $"{cell} is referred to and no cell in use");
        Assert.True(_used.Add(cell), $"{cell} is referred to twice");
        var payload = _hive.AsSpan((int)cell + 4100, length).ToArray();
        if (signature is not null)
        {
            Assert.Equal(signature, Encoding.ASCII.GetString(payload, 0, 2));
        }

        return payload;
    }

    private static string Name(ReadOnlySpan<byte> record, int at, int length, bool isCompressed) =>
        (isCompressed ? Encoding.Latin1 : Encoding.Unicode).GetString(record.Slice(at, length));

    private static ushort U16(ReadOnlySpan<byte> at, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(at[offset..]);

    private uint U32(int binsOffset) => HiveImage.U32(_hive, 4096 + binsOffset);
}
