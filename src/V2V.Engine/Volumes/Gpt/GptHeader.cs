using System.Buffers.Binary;
using V2V.Engine.Disks;
using V2V.Engine.IO;

namespace V2V.Engine.Volumes.Gpt;

/// <summary>A GPT header, primary or backup, with its checksum found right (UEFI 2.10, section 5.3.2).</summary>
/// <param name="SectorLength">Bytes of a logical block: 512 or 4096.</param>
/// <param name="EntriesSector">Where the array of partition entries begins.</param>
/// <param name="EntryCount">Entries in the array.</param>
/// <param name="EntryLength">Bytes of an entry.</param>
/// <param name="EntriesChecksum">CRC32 of the array.</param>
internal sealed record GptHeader(int SectorLength, long EntriesSector, int EntryCount, int EntryLength, uint EntriesChecksum)
{
    private const int MinHeaderLength = 92;
    private const int MinEntryLength = 128;

    /// <summary>Sixteen times what partitioning tools write; bounds the memory that a made-up header can ask for.</summary>
    private const uint MaxEntryCount = 2048;
    private const uint MaxEntryLength = 4096;

    internal long EntriesOffset => EntriesSector * SectorLength;

    internal int EntriesLength => EntryCount * EntryLength;

    /// <summary>Reads the header at a sector; null, with the reason, when it cannot be trusted.</summary>
    internal static GptHeader? TryRead(BlockDevice disk, long sector, int sectorLength, out string reason)
    {
        var sectors = disk.Length / sectorLength;
        if (sector < 1 || sector >= sectors)
        {
            reason = "the disk is too small";
            return null;
        }

        var block = new byte[sectorLength];
        disk.Read(sector * sectorLength, block);
        if (!block.AsSpan().StartsWith("EFI PART"u8))
        {
            reason = "no signature";
            return null;
        }

        var length = Word(block, Field.HeaderLength);
        if (length < MinHeaderLength || length > sectorLength)
        {
            reason = $"a header of {length} bytes; {MinHeaderLength} to {sectorLength} are possible";
            return null;
        }

        var stored = Word(block, Field.Checksum);
        block.AsSpan(Field.Checksum, sizeof(uint)).Clear();
        var computed = Crc32.Append(0, block.AsSpan(0, (int)length));
        if (stored != computed)
        {
            reason = $"checksum {stored:x8}, contents {computed:x8}";
            return null;
        }

        return Check(block, sector, sectors, sectorLength, out reason);
    }

    private static GptHeader? Check(byte[] block, long sector, long sectors, int sectorLength, out string reason)
    {
        var revision = Word(block, Field.Revision);
        var own = Long(block, Field.OwnSector);
        var entries = Long(block, Field.EntriesSector);
        var (count, length) = (Word(block, Field.EntryCount), Word(block, Field.EntryLength));
        reason = (revision >> 16) != 1 ? $"revision {revision >> 16}.{revision & 0xFFFF}; 1.0 is known"
            : own != (ulong)sector ? $"says that it belongs at sector {own}"
            : length is < MinEntryLength or > MaxEntryLength || length % 8 != 0 ? $"entries of {length} bytes; {MinEntryLength} to {MaxEntryLength} are possible"
            : count is 0 or > MaxEntryCount ? $"{count} entries; 1 to {MaxEntryCount} are possible"
            : entries < 2 || entries > (ulong)sectors || ((ulong)sectors - entries) * (ulong)sectorLength < count * (ulong)length
                ? $"its entries at sector {entries} do not lie on the disk of {sectors} sectors"
            : "";
        return reason.Length > 0 ? null : new GptHeader(sectorLength, (long)entries, (int)count, (int)length, Word(block, Field.EntriesChecksum));
    }

    private static uint Word(byte[] block, int field) => BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(field));

    private static ulong Long(byte[] block, int field) => BinaryPrimitives.ReadUInt64LittleEndian(block.AsSpan(field));

    private static class Field
    {
        internal const int Revision = 8;
        internal const int HeaderLength = 12;
        internal const int Checksum = 16;
        internal const int OwnSector = 24;
        internal const int EntriesSector = 72;
        internal const int EntryCount = 80;
        internal const int EntryLength = 84;
        internal const int EntriesChecksum = 88;
    }
}
