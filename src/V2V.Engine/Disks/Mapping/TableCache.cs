using System.Collections.Concurrent;

namespace V2V.Engine.Disks.Mapping;

/// <summary>
/// Mapping tables that were read last (grain tables, L2 tables), by their index. Readers do not wait for each other; the table that was
/// loaded first is dropped first, which serves a copy that runs through the disk as well as a search that stays in some places.
/// </summary>
/// <param name="capacity">How many tables are kept.</param>
/// <param name="load">Reads one; called by one thread at a time.</param>
internal sealed class TableCache<T>(int capacity, Func<int, T[]> load)
{
    private readonly ConcurrentDictionary<int, T[]> _tables = new();
    private readonly Queue<int> _loaded = new();
    private readonly Lock _lock = new();

    public T[] this[int index] => _tables.TryGetValue(index, out T[]? table) ? table : Load(index);

    private T[] Load(int index)
    {
        lock (_lock)
        {
            if (_tables.TryGetValue(index, out T[]? table))
            {
                return table;
            }

            table = load(index);
            if (_loaded.Count >= capacity)
            {
                _tables.TryRemove(_loaded.Dequeue(), out _);
            }

            _tables[index] = table;
            _loaded.Enqueue(index);
            return table;
        }
    }
}
