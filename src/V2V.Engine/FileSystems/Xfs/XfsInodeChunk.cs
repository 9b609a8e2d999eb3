using System.Numerics;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// 64 inodes: a record of the inode B-trees (XFS Algorithms &amp; Data Structures, "Inode B+trees"). In a sparse chunk not all of them have a
/// place on the volume; those that have none count as free in the mask, but not in the number.
/// </summary>
/// <param name="First">First inode within the allocation group.</param>
/// <param name="Holes">A bit for every four inodes that have no place.</param>
/// <param name="Count">Inodes that have a place.</param>
/// <param name="FreeCount">Of these, the free ones.</param>
/// <param name="FreeMask">A bit for every free inode.</param>
internal readonly record struct XfsInodeChunk(uint First, ushort Holes, int Count, int FreeCount, ulong FreeMask)
{
    private const int Size = 16;

    /// <summary>2^6 inodes in a chunk.</summary>
    public const int InodesLog = 6;

    public const int Inodes = 1 << InodesLog;

    /// <summary>Inodes to which one bit of <see cref="Holes"/> belongs.</summary>
    public const int InodesPerHoleBit = 4;

    public byte[] Key => ToBytes(isSparse: false)[..4];

    /// <summary>Free inodes that have a place.</summary>
    public ulong Allocatable => FreeMask & ~HoleMask;

    private ulong HoleMask
    {
        get
        {
            var mask = 0UL;
            for (var bit = 0; bit < 16; bit++)
            {
                mask |= (Holes >> bit & 1) != 0 ? 0xFUL << (bit * InodesPerHoleBit) : 0;
            }

            return mask;
        }
    }

    public static XfsInodeChunk Parse(ReadOnlySpan<byte> raw, bool isSparse) => isSparse
        ? new(raw.U32(0), raw.U16(4), raw[6], raw[7], raw.U64(8))
        : new(raw.U32(0), 0, Inodes, (int)Math.Min(raw.U32(4), Inodes + 1), raw.U64(8));

    public static XfsInodeChunk AllFree(uint first) => new(first, 0, Inodes, Inodes, ulong.MaxValue);

    /// <param name="isSparse">The file system has sparse inodes, whose records are laid out differently.</param>
    public byte[] ToBytes(bool isSparse)
    {
        var raw = new byte[Size];
        var span = raw.AsSpan();
        span.Put32(0, First);
        if (isSparse)
        {
            span.Put16(4, Holes);
            span[6] = (byte)Count;
            span[7] = (byte)FreeCount;
        }
        else
        {
            span.Put32(4, (uint)FreeCount);
        }

        span.Put64(8, FreeMask);
        return raw;
    }

    public bool IsGood => FreeCount == BitOperations.PopCount(Allocatable) && Count == Inodes - BitOperations.PopCount(HoleMask);
}
