using System.Buffers.Binary;

namespace V2V.Engine.Volumes.Lvm;

/// <summary>A range of a physical volume as its header lists them (lvm2, struct disk_locn).</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Size">Bytes; 0 for the rest of the device.</param>
internal readonly record struct LvmDiskLocation(long Offset, long Size)
{
    internal const int Length = 16;

    /// <summary>Reads a list that ends with a location at 0; null when it runs out of the sector or names what no disk has.</summary>
    internal static List<LvmDiskLocation>? TryReadList(ReadOnlySpan<byte> sector, ref int position)
    {
        var list = new List<LvmDiskLocation>();
        while (position <= sector.Length - Length)
        {
            var offset = BinaryPrimitives.ReadInt64LittleEndian(sector[position..]);
            var size = BinaryPrimitives.ReadInt64LittleEndian(sector[(position + sizeof(long))..]);
            position += Length;
            if (offset == 0)
            {
                return list;
            }

            if (offset < 0 || size < 0)
            {
                return null;
            }

            list.Add(new LvmDiskLocation(offset, size));
        }

        return null;
    }
}
