using System.Buffers.Binary;

namespace V2V.Engine.Inspection.Packages.Rpm.Ndb;

/// <summary>Where the header of one package lies, in blocks of 16 bytes from the start of the file; a free slot has the offset 0.</summary>
internal readonly record struct NdbSlot(uint PackageIndex, uint BlockOffset, uint BlockCount)
{
    public const int Length = 16;

    private const uint Magic = 'S' | 'l' << 8 | 'o' << 16 | 't' << 24;

    public static NdbSlot Read(GuestFileWindows file, long offset)
    {
        Span<byte> slot = stackalloc byte[Length];
        file.Read(offset, slot);
        return BinaryPrimitives.ReadUInt32LittleEndian(slot[FieldLocations.Magic..]) == Magic
            ? new NdbSlot(
                BinaryPrimitives.ReadUInt32LittleEndian(slot[FieldLocations.PackageIndex..]),
                BinaryPrimitives.ReadUInt32LittleEndian(slot[FieldLocations.BlockOffset..]),
                BinaryPrimitives.ReadUInt32LittleEndian(slot[FieldLocations.BlockCount..]))
            : throw file.Corrupt(offset, "a slot does not begin with Slot");
    }

    private static class FieldLocations
    {
        public const int Magic = 0;
        public const int PackageIndex = Magic + sizeof(uint);
        public const int BlockOffset = PackageIndex + sizeof(uint);
        public const int BlockCount = BlockOffset + sizeof(uint);
    }
}
