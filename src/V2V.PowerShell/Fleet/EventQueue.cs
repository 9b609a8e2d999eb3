using System.Diagnostics.CodeAnalysis;

namespace V2V.PowerShell.Fleet;

/// <summary>What many threads tell one. Unlike a BlockingCollection it need not be disposed, so that what comes too late does no harm.</summary>
internal sealed class EventQueue<T>
{
    private readonly Queue<T> _events = new();

    public void Add(T item)
    {
        lock (_events)
        {
            _events.Enqueue(item);
            Monitor.Pulse(_events);
        }
    }

    /// <summary>Waits for the next.</summary>
    public T Take()
    {
        lock (_events)
        {
            while (_events.Count == 0)
            {
                Monitor.Wait(_events);
            }

            return _events.Dequeue();
        }
    }

    public bool TryTake([MaybeNullWhen(false)] out T item)
    {
        lock (_events)
        {
            return _events.TryDequeue(out item);
        }
    }
}
