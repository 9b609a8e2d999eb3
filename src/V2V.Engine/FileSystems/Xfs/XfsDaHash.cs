using System.Numerics;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The hash by which names of directory entries and attributes are sorted (xfs_da_hashname).</summary>
internal static class XfsDaHash
{
    private const int Rotation = 7;

    public static uint Compute(ReadOnlySpan<byte> name)
    {
        var hash = 0u;
        foreach (var character in name)
        {
            hash = BitOperations.RotateLeft(hash, Rotation) ^ character;
        }

        return hash;
    }
}
