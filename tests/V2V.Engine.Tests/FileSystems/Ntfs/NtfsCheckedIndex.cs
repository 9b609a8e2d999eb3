using System.Buffers.Binary;
using System.Collections;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>An index as <see cref="NtfsVolumeChecker"/> walks it: the order of its entries, its blocks, and the bitmap of these.</summary>
internal sealed class NtfsCheckedIndex(
    string what, byte[] root, byte[] allocation, byte[] bitmap, int clusterSize, Func<byte[], byte[], int> compare, Action<string> report)
{
    private readonly HashSet<int> _blocks = [];
    private readonly int _blockSize = BinaryPrimitives.ReadInt32LittleEndian(root.AsSpan(8));
    private byte[]? _last;

    internal List<(ulong Reference, byte[] Key, byte[] Data)> Entries()
    {
        var entries = new List<(ulong, byte[], byte[])>();
        Walk(root, 16, root.Length - 16, entries, 0);
        var bits = new BitArray(bitmap);
        for (var block = 0; block < Math.Max(bits.Length, allocation.Length / _blockSize); block++)
        {
            var isMarked = block < bits.Length && bits[block];
            if (isMarked != _blocks.Contains(block))
            {
                report($"{what}: block {block} is {(isMarked ? "marked and not used" : "used and not marked")}");
            }
        }

        return entries;
    }

    // A node's header, at "at": offset of the entries, length, allocated length (at most "room"), whether there are nodes below.
    private void Walk(byte[] node, int at, int room, List<(ulong Reference, byte[] Key, byte[] Data)> entries, int depth)
    {
        var header = node.AsSpan(at);
        var length = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        var allocated = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        var hasChildren = (header[12] & 1) != 0;
        if (length > allocated || allocated > room || depth > 20)
        {
            report($"{what}: a node uses {length} of {allocated} bytes, and has room for {room}");
            return;
        }

        for (var position = at + BinaryPrimitives.ReadInt32LittleEndian(header); ;)
        {
            if (position + 16 > at + length)
            {
                report($"{what}: a node has no last entry");
                return;
            }

            var entry = node.AsSpan(position);
            var entryLength = BinaryPrimitives.ReadUInt16LittleEndian(entry[8..]);
            var keyLength = BinaryPrimitives.ReadUInt16LittleEndian(entry[10..]);
            var flags = BinaryPrimitives.ReadUInt16LittleEndian(entry[12..]);
            if (entryLength < 16 + keyLength || entryLength % 8 != 0 || position + entryLength > at + length || ((flags & 1) != 0) != hasChildren)
            {
                report($"{what}: an entry is {entryLength} bytes long, has a key of {keyLength} and flags {flags:x}");
                return;
            }

            if (hasChildren)
            {
                Descend(BinaryPrimitives.ReadInt64LittleEndian(entry[(entryLength - 8)..]), entries, depth + 1);
            }

            if ((flags & 2) != 0)
            {
                if (position + entryLength != at + length)
                {
                    report($"{what}: something follows the last entry of a node");
                }

                return;
            }

            var key = entry.Slice(16, keyLength).ToArray();
            if (_last is not null && compare(_last, key) >= 0)
            {
                report($"{what}: entry {entries.Count} is out of order");
            }

            _last = key;
            entries.Add((BinaryPrimitives.ReadUInt64LittleEndian(entry), key, ViewData(entry[..entryLength])));
            position += entryLength;
        }
    }

    /// <summary>What an entry of a view index has besides its key: offset and length stand where a directory's has the file's reference.</summary>
    private static byte[] ViewData(Span<byte> entry)
    {
        var offset = BinaryPrimitives.ReadUInt16LittleEndian(entry);
        var length = BinaryPrimitives.ReadUInt16LittleEndian(entry[2..]);
        return offset + length <= entry.Length ? entry.Slice(offset, length).ToArray() : [];
    }

    private void Descend(long vcn, List<(ulong Reference, byte[] Key, byte[] Data)> entries, int depth)
    {
        // Blocks smaller than a cluster are counted in sectors.
        var unit = _blockSize >= clusterSize ? clusterSize : 512;
        var position = vcn * unit;
        if (position < 0 || position + _blockSize > allocation.Length || position % _blockSize != 0)
        {
            report($"{what}: a node is at {vcn}, beyond the index");
            return;
        }

        if (!_blocks.Add((int)(position / _blockSize)))
        {
            report($"{what}: two entries lead to {vcn}");
            return;
        }

        var block = allocation.AsSpan((int)position, _blockSize).ToArray();
        if (!block.AsSpan(0, 4).SequenceEqual("INDX"u8))
        {
            report($"{what}: there is no node at {vcn}");
            return;
        }

        if (!NtfsCheckedRecord.Restore(block, text => report($"{what}: node {vcn}: {text}")))
        {
            return;
        }

        if (BinaryPrimitives.ReadInt64LittleEndian(block.AsSpan(16)) != vcn)
        {
            report($"{what}: the node at {vcn} says that it is at {BinaryPrimitives.ReadInt64LittleEndian(block.AsSpan(16))}");
        }

        Walk(block, 24, _blockSize - 24, entries, depth);
    }
}
