using System.Buffers.Binary;

namespace V2V.Engine.Inspection.Packages.Rpm.Ndb;

/// <summary>The frame of one package's header: 16 bytes before it, and a checksum, the length again and an end mark behind it.</summary>
/// <param name="Offset">Where the header begins in the file.</param>
/// <param name="Length">Its bytes.</param>
internal readonly record struct NdbBlob(long Offset, uint Length)
{
    private const uint Magic = 'B' | 'l' << 8 | 'b' << 16 | 'S' << 24;

    private const int HeadLength = 16, TailLength = 12;

    public static NdbBlob Read(GuestFileWindows file, NdbSlot slot)
    {
        var at = slot.BlockOffset * (long)NdbPackages.BlockLength;
        Span<byte> head = stackalloc byte[HeadLength];
        file.Read(at, head);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(head[FieldLocations.BlobLength..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(head[FieldLocations.Magic..]) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(head[FieldLocations.PackageIndex..]) != slot.PackageIndex
            || (HeadLength + (long)length + TailLength + NdbPackages.BlockLength - 1) / NdbPackages.BlockLength != slot.BlockCount)
        {
            throw file.Corrupt(at, $"package {slot.PackageIndex} is not what its slot says");
        }

        return new NdbBlob(at + HeadLength, length);
    }

    private static class FieldLocations
    {
        public const int Magic = 0;
        public const int PackageIndex = Magic + sizeof(uint);
        public const int BlobLength = 12;
    }
}
