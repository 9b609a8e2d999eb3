namespace V2V.Engine.Disks.Mapping;

/// <summary>
/// The compressed units that were inflated last, of all open images together: metadata is read in pieces of 4 KiB, and without this each
/// piece would inflate its 64 KiB again.
/// </summary>
internal static class InflatedCache
{
    /// <summary>Bytes kept at the most. Enough for the metadata of one file system; a small part of the memory promised for a conversion.</summary>
    public const long Limit = 16 << 20;

    private sealed record Unit(MappedDevice Device, long Start, byte[] Bytes);

    private static readonly Lock s_lock = new();
    private static readonly Dictionary<(MappedDevice, long), LinkedListNode<Unit>> s_units = [];
    // Most recently used first.
    private static readonly LinkedList<Unit> s_order = new();
    private static long s_size;

    /// <summary>Bytes held now.</summary>
    public static long Size
    {
        get
        {
            lock (s_lock)
            {
                return s_size;
            }
        }
    }

    public static bool TryRead(MappedDevice device, long start, int within, Span<byte> buffer)
    {
        byte[] bytes;
        lock (s_lock)
        {
            if (!s_units.TryGetValue((device, start), out LinkedListNode<Unit>? node))
            {
                return false;
            }

            s_order.Remove(node);
            s_order.AddFirst(node);
            bytes = node.Value.Bytes;
        }

        // Outside the lock: a unit never changes once it is here.
        bytes.AsSpan(within, buffer.Length).CopyTo(buffer);
        return true;
    }

    public static void Add(MappedDevice device, long start, byte[] bytes)
    {
        lock (s_lock)
        {
            if (bytes.Length > Limit || s_units.ContainsKey((device, start)))
            {
                return;
            }

            s_units.Add((device, start), s_order.AddFirst(new Unit(device, start, bytes)));
            s_size += bytes.Length;
            while (s_size > Limit)
            {
                Remove(s_order.Last!);
            }
        }
    }

    public static void Remove(MappedDevice device)
    {
        lock (s_lock)
        {
            for (LinkedListNode<Unit>? node = s_order.First; node is not null;)
            {
                LinkedListNode<Unit>? next = node.Next;
                if (node.Value.Device == device)
                {
                    Remove(node);
                }

                node = next;
            }
        }
    }

    private static void Remove(LinkedListNode<Unit> node)
    {
        s_order.Remove(node);
        s_units.Remove((node.Value.Device, node.Value.Start));
        s_size -= node.Value.Bytes.Length;
    }
}
