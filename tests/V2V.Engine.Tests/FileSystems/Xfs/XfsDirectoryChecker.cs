using System.Buffers.Binary;
using V2V.Engine.FileSystems.Xfs;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>
/// What holds for every directory on disk, checked byte by byte without the engine's classes for the structures (fs/xfs/libxfs/xfs_dir2_data.c,
/// xfs_dir2_leaf.c, xfs_dir2_node.c, their verifiers).
/// </summary>
internal sealed class XfsDirectoryChecker
{
    private const ushort None = 0xFFFF;

    private readonly XfsMemoryFork _fork;
    private readonly bool _isV5;
    private readonly int _size;
    private readonly uint _leafStart;
    private readonly uint _freeStart;
    private readonly HashSet<uint> _seen = [];
    private readonly Dictionary<uint, ushort> _bests = [];
    private readonly SortedSet<(uint Hash, uint Address)> _expected = [];
    private readonly List<(uint Hash, uint Address)> _found = [];

    private XfsDirectoryChecker(XfsMemoryFork fork)
    {
        _fork = fork;
        _isV5 = fork.Geometry.IsV5;
        _size = fork.Geometry.DirectoryBlockSize;
        _leafStart = (uint)((1L << 35) / fork.Geometry.BlockSize);
        _freeStart = _leafStart * 2;
    }

    /// <summary>Names, inodes and types as they stand on disk.</summary>
    private Dictionary<string, (ulong Inode, byte Type)> Names { get; } = [];

    public static Dictionary<string, (ulong Inode, byte Type)> Check(XfsMemoryFork fork)
    {
        var checker = new XfsDirectoryChecker(fork);
        if (fork.Format == XfsForkFormat.Local)
        {
            checker.CheckShortForm();
        }
        else
        {
            checker.CheckBlocks();
        }

        return checker.Names;
    }

    private void CheckShortForm()
    {
        var raw = _fork.Inline;
        Assert.Equal(raw.Length, _fork.Size);
        var (count, longCount) = (raw[0], raw[1]);
        var width = longCount > 0 ? 8 : 4;
        var longNumbers = Number(raw.Slice(2, width)) > uint.MaxValue ? 1 : 0;
        var at = 2 + width;
        var offset = DataStart() + EntrySize(1) + EntrySize(2);
        for (var i = 0; i < count; i++)
        {
            int length = raw[at];
            Assert.True(length > 0);
            Assert.True(U16(raw[(at + 1)..]) >= offset, "Offsets overlap.");
            offset = U16(raw[(at + 1)..]) + EntrySize(length);
            var name = Convert.ToHexString(raw.Slice(at + 3, length));
            at += 3 + length;
            var type = _fork.Geometry.HasFileTypes ? raw[at++] : (byte)0;
            var inode = Number(raw.Slice(at, width));
            longNumbers += inode > uint.MaxValue ? 1 : 0;
            at += width;
            Names.Add(name, (inode, type));
        }

        Assert.Equal(raw.Length, at);
        Assert.Equal(longCount, longNumbers);
        Assert.True(offset + ((count + 2) * 8) + 8 <= _size);
    }

    private void CheckBlocks()
    {
        var first = _fork.Buffers[0].Data;
        var isSingle = U32(first) == (_isV5 ? 0x58444233u : 0x58443242u);
        if (isSingle)
        {
            var count = (int)U32(first.AsSpan(_size - 8));
            Assert.Equal(0u, U32(first.AsSpan(_size - 4)));
            var end = _size - 8 - (count * 8);
            CheckData(0, Read(0, 4), end);
            Collect(first.AsSpan(end, count * 8));
            Assert.Equal(_size, _fork.Size);
        }
        else
        {
            var last = 0u;
            foreach (var block in _fork.Buffers.Keys.Where(b => b < _leafStart).ToList())
            {
                var data = Read(block, 4);
                Assert.Equal(_isV5 ? 0x58444433u : 0x58443244u, U32(data));
                last = block / (uint)_fork.Geometry.DirectoryBlocks;
                CheckData(last, data, _size);
            }

            Assert.Equal((last + 1L) * _size, _fork.Size);
            CheckHashes();
        }

        // Every name once, and nothing else.
        Assert.Equal(_expected.Count, _found.Count);
        Assert.True(_expected.SetEquals(_found));
        Assert.Equal(_found.Select(f => f.Hash).Order(), _found.Select(f => f.Hash));
        Assert.Equal(_fork.Buffers.Keys.Order(), _seen.Order());
        Assert.Equal(_fork.Owner, Names["2E"].Inode);
        Assert.True(Names.Remove("2E") && Names.Remove("2E2E"));
    }

    private void CheckData(uint number, byte[] data, int end)
    {
        var table = _isV5 ? 48 : 4;
        if (_isV5)
        {
            CheckIdentity(data, 8, (uint)(number * _fork.Geometry.DirectoryBlocks));
        }

        var free = new List<(int Offset, int Length)>();
        var wasFree = false;
        for (var at = DataStart(); at < end;)
        {
            int length;
            if (U16(data.AsSpan(at)) == 0xFFFF)
            {
                Assert.False(wasFree, "Free records touch.");
                wasFree = true;
                length = U16(data.AsSpan(at + 2));
                Assert.True(length >= 8 && length % 8 == 0);
                free.Add((at, length));
            }
            else
            {
                wasFree = false;
                int nameLength = data[at + 8];
                Assert.True(nameLength > 0);
                length = EntrySize(nameLength);
                var name = data.AsSpan(at + 9, nameLength).ToArray();
                var type = _fork.Geometry.HasFileTypes ? data[at + 9 + nameLength] : (byte)0;
                Names.Add(Convert.ToHexString(name), (Number(data.AsSpan(at, 8)), type));
                _expected.Add((XfsDaHash.Compute(name), (uint)((((long)number * _size) + at) / 8)));
            }

            Assert.True(at + length <= end);
            Assert.Equal(at, U16(data.AsSpan(at + length - 2)));
            at += length;
        }

        var lengths = free.Select(f => f.Length).OrderDescending().ToList();
        for (var i = 0; i < 3; i++)
        {
            var (offset, length) = (U16(data.AsSpan(table + (i * 4))), U16(data.AsSpan(table + (i * 4) + 2)));
            Assert.Equal(i < lengths.Count ? lengths[i] : 0, length);
            Assert.True(length == 0 ? offset == 0 : free.Contains((offset, length)));
        }

        Assert.True(number == 0 || Names.Count > 0 && !lengths.Any(l => l == end - DataStart()), "An empty block was kept.");
        _bests[number] = (ushort)(lengths.Count > 0 ? lengths[0] : 0);
    }

    private void CheckHashes()
    {
        var root = _fork.Buffers[_leafStart].Data;
        var magic = U16(root.AsSpan(8));
        if (magic == (_isV5 ? 0x3DF1 : 0xD2F1))
        {
            CheckLeaf(_leafStart, Read(_leafStart, 12));
            var count = (int)U32(root.AsSpan(_size - 4));
            Assert.Equal(_bests.Keys.Max() + 1, (uint)count);
            for (var i = 0; i < count; i++)
            {
                Assert.Equal(_bests.GetValueOrDefault((uint)i, None), U16(root.AsSpan(_size - 4 - (count * 2) + (i * 2))));
            }

            return;
        }

        CheckTree(_leafStart, expectedLevel: null, []);
        var capacity = (_size - (_isV5 ? 64 : 16)) / 2;
        var left = new Dictionary<uint, ushort>(_bests);
        foreach (var block in _fork.Buffers.Keys.Where(b => b >= _freeStart).ToList())
        {
            var data = Read(block, 4);
            Assert.Equal(_isV5 ? 0x58444633u : 0x58443246u, U32(data));
            if (_isV5)
            {
                CheckIdentity(data, 8, block);
            }

            var header = data.AsSpan(_isV5 ? 48 : 4);
            var number = (block - _freeStart) / (uint)_fork.Geometry.DirectoryBlocks;
            Assert.Equal(number * (uint)capacity, U32(header));
            var (valid, used) = ((int)U32(header[4..]), (int)U32(header[8..]));
            var bests = data.AsSpan(_isV5 ? 64 : 16, valid * 2);
            for (var i = 0; i < valid; i++)
            {
                var best = U16(bests[(i * 2)..]);
                used -= best == None ? 0 : 1;
                Assert.Equal(left.GetValueOrDefault((number * (uint)capacity) + (uint)i, None), best);
                left.Remove((number * (uint)capacity) + (uint)i);
            }

            Assert.Equal(0, used);
            Assert.NotEqual(None, U16(bests[^2..]));
        }

        Assert.Empty(left);
    }

    /// <summary>The largest hash below a block; siblings are collected by level.</summary>
    private uint CheckTree(uint block, int? expectedLevel, Dictionary<int, uint> lastOfLevel)
    {
        var data = Read(block, 12);
        var magic = U16(data.AsSpan(8));
        var isNode = magic == (_isV5 ? 0x3EBE : 0xFEBE);
        var level = isNode ? U16(data.AsSpan((_isV5 ? 56 : 12) + 2)) : 0;
        Assert.Equal(expectedLevel ?? level, level);
        Assert.True(level < 5);
        var previous = lastOfLevel.GetValueOrDefault(level);
        Assert.Equal(previous, U32(data.AsSpan(4)));
        if (previous != 0)
        {
            Assert.Equal(block, U32(_fork.Buffers[previous].Data));
        }

        lastOfLevel[level] = block == _leafStart ? 0 : block;
        if (!isNode)
        {
            Assert.Equal(_isV5 ? 0x3DFF : 0xD2FF, magic);
            return CheckLeaf(block, data);
        }

        if (_isV5)
        {
            CheckIdentity(data, 16, block);
        }

        var count = U16(data.AsSpan(_isV5 ? 56 : 12));
        Assert.True(count > (expectedLevel is null ? 1 : 0));
        var hash = 0u;
        for (var i = 0; i < count; i++)
        {
            var entry = data.AsSpan((_isV5 ? 64 : 16) + (i * 8));
            hash = CheckTree(U32(entry[4..]), level - 1, lastOfLevel);
            Assert.Equal(hash, U32(entry));
        }

        if (expectedLevel is null)
        {
            Assert.All(lastOfLevel.Values.Where(b => b != 0), b => Assert.Equal(0u, U32(_fork.Buffers[b].Data)));
        }

        return hash;
    }

    private uint CheckLeaf(uint block, byte[] data)
    {
        if (_isV5)
        {
            CheckIdentity(data, 16, block);
        }

        var header = data.AsSpan(_isV5 ? 56 : 12);
        var count = U16(header);
        Assert.Equal(0, U16(header[2..]));
        Assert.True(count > 0);
        Collect(data.AsSpan(_isV5 ? 64 : 16, count * 8));
        return _found[^1].Hash;
    }

    private void Collect(ReadOnlySpan<byte> hashes)
    {
        for (; !hashes.IsEmpty; hashes = hashes[8..])
        {
            _found.Add((U32(hashes), U32(hashes[4..])));
        }
    }

    private void CheckIdentity(byte[] data, int at, uint block)
    {
        Assert.Equal(_fork.Buffers[block].DiskBlock, Number(data.AsSpan(at, 8)));
        Assert.Equal(_fork.Geometry.MetadataUuid, data[(at + 16)..(at + 32)]);
        Assert.Equal(_fork.Owner, Number(data.AsSpan(at + 32, 8)));
    }

    private byte[] Read(uint block, int checksumOffset)
    {
        Assert.True(_seen.Add(block), $"Block {block} is used twice.");
        return _fork.Read(block, _fork.Geometry.DirectoryBlocks, checksumOffset)!.Data;
    }

    private int DataStart() => _isV5 ? 64 : 16;

    private int EntrySize(int nameLength) => (8 + 1 + nameLength + (_fork.Geometry.HasFileTypes ? 1 : 0) + 2 + 7) / 8 * 8;

    private static ushort U16(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt16BigEndian(data);

    private static uint U32(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt32BigEndian(data);

    private static ulong Number(ReadOnlySpan<byte> data) => data.Length == 8 ? BinaryPrimitives.ReadUInt64BigEndian(data) : U32(data);
}
