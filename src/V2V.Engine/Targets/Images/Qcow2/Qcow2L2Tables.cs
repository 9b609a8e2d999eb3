using System.Buffers.Binary;

namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>
/// The mapping from guest clusters to the image file: the L1 table and its L2 tables, which come into being when a cluster below them does.
/// Only the newest tables stay in memory; older ones are written to their place and read back should they be needed again, so memory does
/// not grow with the disk. Thread-safe.
/// </summary>
internal sealed class Qcow2L2Tables(ImageFile file, Qcow2Allocator allocator, int l1Entries)
{
    // 16 MiB of tables map 128 GiB: a copy that goes through the disk in order never reads one back.
    private const int MaximumCachedTables = 256;

    private readonly Lock _lock = new();
    private readonly long[] _tableOffsets = new long[l1Entries];
    private readonly Dictionary<int, byte[]> _cached = [];
    private readonly Queue<int> _cachedInOrder = new();

    /// <summary>Maps consecutive guest clusters to consecutive host clusters.</summary>
    public void MapClusters(long firstGuestCluster, int count, long hostOffset)
    {
        lock (_lock)
        {
            for (var i = 0; i < count; i++)
            {
                SetEntry(firstGuestCluster + i, Qcow2L2Entry.ForCluster(hostOffset + ((long)i << Qcow2Format.ClusterBits)));
            }
        }
    }

    /// <summary>Maps one guest cluster to compressed data.</summary>
    public void MapCompressed(long guestCluster, long hostOffset, int length)
    {
        lock (_lock)
        {
            SetEntry(guestCluster, Qcow2L2Entry.ForCompressed(hostOffset, length));
        }
    }

    /// <summary>Writes all tables that are still in memory, then the L1 table at <paramref name="l1Offset"/>.</summary>
    public void WriteTo(long l1Offset)
    {
        lock (_lock)
        {
            while (_cached.Count > 0)
            {
                EvictOldest();
            }

            var l1 = new byte[_tableOffsets.Length * sizeof(ulong)];
            for (var i = 0; i < _tableOffsets.Length; i++)
            {
                var entry = _tableOffsets[i] == 0 ? 0 : Qcow2L2Entry.Copied | (ulong)_tableOffsets[i];
                BinaryPrimitives.WriteUInt64BigEndian(l1.AsSpan(i * sizeof(ulong)), entry);
            }

            file.Write(l1Offset, l1);
        }
    }

    private void SetEntry(long guestCluster, ulong entry)
    {
        var (table, index) = Math.DivRem(guestCluster, Qcow2Format.L2Entries);
        var slot = Table((int)table).AsSpan((int)index * sizeof(ulong), sizeof(ulong));
        if (BinaryPrimitives.ReadUInt64BigEndian(slot) != 0)
        {
            throw new InvalidOperationException($"The cluster at {guestCluster << Qcow2Format.ClusterBits} has been written already.");
        }

        BinaryPrimitives.WriteUInt64BigEndian(slot, entry);
    }

    private byte[] Table(int number)
    {
        if (_cached.TryGetValue(number, out var table))
        {
            return table;
        }

        if (_cached.Count == MaximumCachedTables)
        {
            EvictOldest();
        }

        table = new byte[Qcow2Format.ClusterSize];
        if (_tableOffsets[number] == 0)
        {
            _tableOffsets[number] = allocator.AllocateClusters(1);
        }
        else
        {
            file.Read(_tableOffsets[number], table);
        }

        _cached.Add(number, table);
        _cachedInOrder.Enqueue(number);
        return table;
    }

    private void EvictOldest()
    {
        var number = _cachedInOrder.Dequeue();
        _cached.Remove(number, out var table);
        file.Write(_tableOffsets[number], table);
    }
}
