using System.Buffers.Binary;

namespace V2V.Engine.Volumes.Mbr;

/// <summary>One of the four entries of a Master Boot Record or extended boot record (UEFI 2.10, table 5-2).</summary>
/// <param name="BootIndicator">0x80 for the active partition, else 0.</param>
/// <param name="Type">Kind of partition; 0 for an unused entry.</param>
/// <param name="FirstSector">First sector, counted from what the record counts from.</param>
/// <param name="Sectors">Number of sectors of 512 bytes.</param>
internal readonly record struct MbrPartitionEntry(byte BootIndicator, byte Type, uint FirstSector, uint Sectors)
{
    internal const int Length = 16;

    internal const byte Active = 0x80;

    private const byte GptProtective = 0xEE;
    private const byte Extended = 0x05;
    private const byte ExtendedLba = 0x0F;
    private const byte ExtendedLinux = 0x85;

    internal bool IsUsed => Type != 0 && Sectors != 0;

    internal bool IsProtective => Type == GptProtective;

    internal bool IsExtended => Type is Extended or ExtendedLba or ExtendedLinux;

    internal bool HasValidBootIndicator => BootIndicator is 0 or Active;

    internal static MbrPartitionEntry Read(ReadOnlySpan<byte> entry) => new(
        entry[Field.BootIndicator],
        entry[Field.Type],
        BinaryPrimitives.ReadUInt32LittleEndian(entry[Field.FirstSector..]),
        BinaryPrimitives.ReadUInt32LittleEndian(entry[Field.Sectors..]));

    private static class Field
    {
        internal const int BootIndicator = 0;
        internal const int Type = 4;
        internal const int FirstSector = 8;
        internal const int Sectors = 12;
    }
}
