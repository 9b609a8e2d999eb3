using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Fat;

/// <summary>
/// FAT32's FSInfo sector: how many clusters are free, and where to look for them. Only a hint, which V2V uses for the second number and
/// corrects when it writes (specification, "FAT32 FSInfo Sector Structure and Backup Boot Sector").
/// </summary>
internal static class FatInfoSector
{
    public const int Size = 512;

    private const uint LeadSignature = 0x41615252;
    private const uint StructureSignature = 0x61417272;

    public static bool IsValid(ReadOnlySpan<byte> raw) =>
        BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.LeadSignature..]) == LeadSignature
        && BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.StructureSignature..]) == StructureSignature;

    public static uint NextFree(ReadOnlySpan<byte> raw) => BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.NextFree..]);

    public static void Update(Span<byte> raw, uint freeClusters, uint nextFree)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(raw[Offsets.FreeClusters..], freeClusters);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[Offsets.NextFree..], nextFree);
    }

    private static class Offsets
    {
        public const int LeadSignature = 0;
        public const int StructureSignature = 484;
        public const int FreeClusters = 488;
        public const int NextFree = 492;
    }
}
