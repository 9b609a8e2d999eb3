using System.Numerics;

namespace V2V.Engine.FileSystems.Ntfs.Security;

/// <summary>Where a descriptor stands: the data of the entries in $SII and $SDH, and the header before the descriptor in $SDS.</summary>
/// <param name="Hash">Of the descriptor.</param>
/// <param name="Id">What $STANDARD_INFORMATION refers to it by.</param>
/// <param name="Offset">Of the header within $SDS.</param>
/// <param name="Length">Bytes of the header and the descriptor.</param>
internal readonly record struct NtfsSecurityEntry(uint Hash, uint Id, long Offset, uint Length)
{
    public const int Size = 20;

    internal static class Offsets
    {
        public const int Hash = 0;
        public const int Id = 4;
        public const int Offset = 8;
        public const int Length = 16;
    }

    private const int HashRotation = 3;

    public static NtfsSecurityEntry Parse(ReadOnlySpan<byte> raw) =>
        new(raw.U32(Offsets.Hash), raw.U32(Offsets.Id), raw.I64(Offsets.Offset), raw.U32(Offsets.Length));

    public byte[] ToBytes()
    {
        var raw = new byte[Size];
        var span = raw.AsSpan();
        span.Put32(Offsets.Hash, Hash);
        span.Put32(Offsets.Id, Id);
        span.PutI64(Offsets.Offset, Offset);
        span.Put32(Offsets.Length, Length);
        return raw;
    }

    /// <summary>The hash of a descriptor: its words, each added to the rotated sum of those before.</summary>
    public static uint HashOf(ReadOnlySpan<byte> descriptor)
    {
        var hash = 0u;
        for (var at = 0; at + sizeof(uint) <= descriptor.Length; at += sizeof(uint))
        {
            hash = descriptor.U32(at) + BitOperations.RotateLeft(hash, HashRotation);
        }

        return hash;
    }
}
