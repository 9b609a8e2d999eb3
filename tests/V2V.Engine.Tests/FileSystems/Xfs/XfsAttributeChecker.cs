using System.Buffers.Binary;
using V2V.Engine.FileSystems.Xfs;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>
/// What holds for every attribute fork on disk, checked byte by byte without the engine's classes for the structures (fs/xfs/libxfs/xfs_attr_leaf.c,
/// xfs_attr_remote.c, their verifiers).
/// </summary>
internal sealed class XfsAttributeChecker
{
    private readonly XfsMemoryFork _fork;
    private readonly bool _isV5;
    private readonly int _size;
    private readonly HashSet<uint> _seen = [];
    private uint _lastHash;

    private XfsAttributeChecker(XfsMemoryFork fork)
    {
        _fork = fork;
        _isV5 = fork.Geometry.IsV5;
        _size = fork.Geometry.BlockSize;
    }

    /// <summary>Values by namespace flags and name.</summary>
    private Dictionary<(int Flags, string Name), byte[]> Values { get; } = [];

    public static Dictionary<(int Flags, string Name), byte[]> Check(XfsMemoryFork fork)
    {
        var checker = new XfsAttributeChecker(fork);
        if (fork.Format == XfsForkFormat.Local)
        {
            checker.CheckShortForm();
        }
        else if (fork.Buffers.Count > 0)
        {
            checker.CheckTree(0, expectedLevel: null, []);
            Assert.Equal(fork.Buffers.Keys.Order(), checker._seen.Order());
        }

        return checker.Values;
    }

    private void CheckShortForm()
    {
        var raw = _fork.Inline;
        Assert.Equal(raw.Length, U16(raw));
        var at = 4;
        for (int i = 0, count = raw[2]; i < count; i++)
        {
            var (nameLength, valueLength) = (raw[at], raw[at + 1]);
            Assert.True(nameLength > 0);
            Values.Add((raw[at + 2], Convert.ToHexString(raw.Slice(at + 3, nameLength))), raw.Slice(at + 3 + nameLength, valueLength).ToArray());
            at += 3 + nameLength + valueLength;
        }

        Assert.Equal(raw.Length, at);
    }

    private uint CheckTree(uint block, int? expectedLevel, Dictionary<int, uint> lastOfLevel)
    {
        var data = Read(block);
        var magic = U16(data.AsSpan(8));
        var isNode = magic == (_isV5 ? 0x3EBE : 0xFEBE);
        var level = isNode ? U16(data.AsSpan((_isV5 ? 56 : 12) + 2)) : 0;
        Assert.Equal(expectedLevel ?? level, level);
        var previous = lastOfLevel.GetValueOrDefault(level);
        Assert.Equal(previous, U32(data.AsSpan(4)));
        if (previous != 0)
        {
            Assert.Equal(block, U32(_fork.Buffers[previous].Data));
        }

        lastOfLevel[level] = block;
        if (_isV5)
        {
            Assert.Equal(_fork.Buffers[block].DiskBlock, U64(data.AsSpan(16)));
            Assert.Equal(_fork.Geometry.MetadataUuid, data[32..48]);
            Assert.Equal(_fork.Owner, U64(data.AsSpan(48)));
        }

        if (!isNode)
        {
            Assert.Equal(_isV5 ? 0x3BEE : 0xFBEE, magic);
            return CheckLeaf(data, isRoot: expectedLevel is null);
        }

        var count = U16(data.AsSpan(_isV5 ? 56 : 12));
        Assert.True(count > (expectedLevel is null ? 1 : 0));
        for (var i = 0; i < count; i++)
        {
            var entry = data.AsSpan((_isV5 ? 64 : 16) + (i * 8));
            Assert.Equal(CheckTree(U32(entry[4..]), level - 1, lastOfLevel), U32(entry));
        }

        if (expectedLevel is null)
        {
            Assert.All(lastOfLevel.Values.Where(b => b != 0), b => Assert.Equal(0u, U32(_fork.Buffers[b].Data)));
        }

        return _lastHash;
    }

    private uint CheckLeaf(byte[] data, bool isRoot)
    {
        var header = data.AsSpan(_isV5 ? 56 : 12);
        var (count, usedBytes, firstUsed) = (U16(header), U16(header[2..]), (int)U16(header[4..]));
        firstUsed = firstUsed == 0 ? _size : firstUsed;
        Assert.True(count > 0 || isRoot);
        var start = _isV5 ? 80 : 32;
        var used = new bool[_size];
        used.AsSpan(0, start + (count * 8)).Fill(true);
        var (lowest, total) = (_size, 0);
        for (var i = 0; i < count; i++)
        {
            var entry = data.AsSpan(start + (i * 8));
            Assert.True(U32(entry) >= _lastHash);
            _lastHash = U32(entry);
            var (at, flags) = ((int)U16(entry[4..]), entry[6]);
            Assert.Equal(0, at % 4);
            var (nameAt, length, nameLength) = (flags & 1) != 0
                ? (at + 3, 3 + data[at + 2] + U16(data.AsSpan(at)), data[at + 2])
                : (at + 9, 11 + data[at + 8], data[at + 8]);
            length = (length + 3) / 4 * 4;
            Assert.DoesNotContain(true, used[at..(at + length)]);
            used.AsSpan(at, length).Fill(true);
            lowest = Math.Min(lowest, at);
            total += length;
            var name = data.AsSpan(nameAt, nameLength);
            Assert.Equal(XfsDaHash.Compute(name), _lastHash);
            var value = (flags & 1) != 0
                ? data[(nameAt + nameLength)..(nameAt + nameLength + U16(data.AsSpan(at)))]
                : ReadRemote(U32(data.AsSpan(at)), (int)U32(data.AsSpan(at + 4)));
            Values.Add((flags & ~1, Convert.ToHexString(name)), value);
        }

        Assert.Equal(lowest, firstUsed);
        Assert.Equal(total, usedBytes);
        for (var i = 0; i < 3; i++)
        {
            var (from, length) = (U16(header[(8 + (i * 4))..]), U16(header[(10 + (i * 4))..]));
            Assert.DoesNotContain(true, used[from..(from + length)]);
        }

        return _lastHash;
    }

    private byte[] ReadRemote(uint block, int length)
    {
        Assert.True(block > 0 && length > 0);
        var value = new List<byte>();
        while (value.Count < length)
        {
            Assert.True(_seen.Add(block));
            var buffer = _fork.Read(block++, 1, _isV5 ? 12 : null)!;
            var count = Math.Min(length - value.Count, _size - (_isV5 ? 56 : 0));
            if (_isV5)
            {
                Assert.Equal("XARM"u8.ToArray(), buffer.Data[..4]);
                Assert.Equal((uint)value.Count, U32(buffer.Data.AsSpan(4)));
                Assert.Equal((uint)count, U32(buffer.Data.AsSpan(8)));
                Assert.Equal(_fork.Geometry.MetadataUuid, buffer.Data[16..32]);
                Assert.Equal(_fork.Owner, U64(buffer.Data.AsSpan(32)));
                Assert.Equal(buffer.DiskBlock, U64(buffer.Data.AsSpan(40)));
            }

            value.AddRange(buffer.Data.AsSpan(_isV5 ? 56 : 0, count));
        }

        return [.. value];
    }

    private byte[] Read(uint block)
    {
        Assert.True(_seen.Add(block), $"Block {block} is used twice.");
        return _fork.Read(block, 1, 12)!.Data;
    }

    private static ushort U16(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt16BigEndian(data);

    private static uint U32(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt32BigEndian(data);

    private static ulong U64(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt64BigEndian(data);
}
