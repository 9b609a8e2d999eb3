using System.Buffers.Binary;
using System.Runtime.InteropServices;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Mapping;

/// <summary>Reads the tables by which images map their disks: arrays of numbers in the byte order of the format.</summary>
internal static class MappingTable
{
    public static uint[] ReadUInt32(DiskFile file, long offset, int count, bool isBigEndian = false)
    {
        uint[] entries = new uint[count];
        file.Read(offset, MemoryMarshal.AsBytes(entries.AsSpan()));
        if (BitConverter.IsLittleEndian == isBigEndian)
        {
            BinaryPrimitives.ReverseEndianness(entries, entries);
        }

        return entries;
    }

    public static ulong[] ReadUInt64(DiskFile file, long offset, int count, bool isBigEndian = false)
    {
        ulong[] entries = new ulong[count];
        file.Read(offset, MemoryMarshal.AsBytes(entries.AsSpan()));
        if (BitConverter.IsLittleEndian == isBigEndian)
        {
            BinaryPrimitives.ReverseEndianness(entries, entries);
        }

        return entries;
    }
}
