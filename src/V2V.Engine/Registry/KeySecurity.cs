using System.Buffers.Binary;

namespace V2V.Engine.Registry;

/// <summary>Security descriptors ("sk"): each stands once in a ring of all of them and counts the keys that use it.</summary>
internal sealed class KeySecurity(HiveCells cells, HiveAllocator allocator)
{
    private const int HeaderSize = 20;
    private const string What = "a security descriptor";

    private static ReadOnlySpan<byte> Signature => "sk"u8;

    /// <summary>Counts one more key.</summary>
    public void AddReference(uint cell)
    {
        Span<byte> raw = stackalloc byte[HeaderSize];
        Read(cell, raw);
        var count = BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.References..]);
        if (count == uint.MaxValue)
        {
            throw cells.Corrupt(cell, $"a security descriptor claims to be used by {count} keys.");
        }

        Set(cell, Offsets.References, count + 1);
    }

    /// <summary>Counts one key less; a descriptor that no key uses is taken out of the ring and freed.</summary>
    /// <param name="cell">The descriptor.</param>
    /// <param name="root">The root's, which stays however wrong its count is.</param>
    public void RemoveReference(uint cell, uint root)
    {
        Span<byte> raw = stackalloc byte[HeaderSize];
        Read(cell, raw);
        var count = BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.References..]);
        if (count > 1)
        {
            Set(cell, Offsets.References, count - 1);
            return;
        }

        if (cell == root)
        {
            return;
        }

        var next = BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.Next..]);
        var previous = BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.Previous..]);
        Read(next, raw);
        Read(previous, raw);
        Set(next, Offsets.Previous, previous);
        Set(previous, Offsets.Next, next);
        allocator.Free(cell, What);
    }

    private void Read(uint cell, Span<byte> raw)
    {
        cells.Read(cell, 0, raw, What);
        if (!raw.StartsWith(Signature))
        {
            throw cells.Corrupt(cell, "a security descriptor is referred to there, and the cell holds something else.");
        }
    }

    private void Set(uint cell, int offset, uint value) => cells.Pages.WriteUInt32(cell + HiveCells.HeaderSize + (uint)offset, value);

    private static class Offsets
    {
        public const int Next = 4;
        public const int Previous = 8;
        public const int References = 12;
    }
}
