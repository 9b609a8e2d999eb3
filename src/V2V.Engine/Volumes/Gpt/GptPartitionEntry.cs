using System.Buffers.Binary;

namespace V2V.Engine.Volumes.Gpt;

/// <summary>A GPT partition entry (UEFI 2.10, section 5.3.3).</summary>
/// <param name="Type">Kind of partition; all zero for an unused entry.</param>
/// <param name="UniqueId">The partition's own identifier.</param>
/// <param name="FirstSector">First sector.</param>
/// <param name="LastSector">Last sector, still part of the partition.</param>
/// <param name="Attributes">Flags.</param>
/// <param name="Name">Up to 36 UTF-16 units.</param>
internal sealed record GptPartitionEntry(Guid Type, Guid UniqueId, ulong FirstSector, ulong LastSector, ulong Attributes, string Name)
{
    /// <summary>Bit 2: a BIOS may boot this partition, as with the active partition of an MBR.</summary>
    internal bool IsLegacyBootable => (Attributes & 4) != 0;

    /// <summary>Null for an unused entry.</summary>
    internal static GptPartitionEntry? Read(ReadOnlySpan<byte> entry)
    {
        var type = new Guid(entry[..Field.UniqueId]);
        if (type == Guid.Empty)
        {
            return null;
        }

        Span<char> name = stackalloc char[Field.NameUnits];
        for (var i = 0; i < name.Length; i++)
        {
            name[i] = (char)BinaryPrimitives.ReadUInt16LittleEndian(entry[(Field.Name + (i * sizeof(char)))..]);
        }

        var end = name.IndexOf('\0');
        return new GptPartitionEntry(
            type,
            new Guid(entry[Field.UniqueId..Field.FirstSector]),
            BinaryPrimitives.ReadUInt64LittleEndian(entry[Field.FirstSector..]),
            BinaryPrimitives.ReadUInt64LittleEndian(entry[Field.LastSector..]),
            BinaryPrimitives.ReadUInt64LittleEndian(entry[Field.Attributes..]),
            new string(end < 0 ? name : name[..end]));
    }

    private static class Field
    {
        internal const int UniqueId = 16;
        internal const int FirstSector = 32;
        internal const int LastSector = 40;
        internal const int Attributes = 48;
        internal const int Name = 56;
        internal const int NameUnits = 36;
    }
}
