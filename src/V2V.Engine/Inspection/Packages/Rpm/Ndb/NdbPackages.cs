using System.Buffers.Binary;

namespace V2V.Engine.Inspection.Packages.Rpm.Ndb;

/// <summary>
/// rpm's own store, of SLES 15 and openSUSE: pages of slots, then the headers in 16-byte blocks, little-endian everywhere
/// (rpm, lib/backend/ndb/rpmpkg.c).
/// </summary>
internal sealed class NdbPackages(GuestFileWindows file)
{
    public const int BlockLength = 16;

    private const uint Magic = 'R' | 'p' << 8 | 'm' << 16 | 'P' << 24;

    private const uint Version = 0;

    private const int HeaderLength = 32;

    private const int PageLength = 4096;

    /// <summary>How much is read at a time of a header whose beginning is wanted.</summary>
    private const int PieceLength = 8192;

    /// <exception cref="GuestFileSystemException">The database is damaged.</exception>
    public IEnumerable<StoredValue> Values()
    {
        foreach (var slot in Slots())
        {
            var blob = NdbBlob.Read(file, slot);
            yield return new StoredValue(blob.Length, Pieces(blob));
        }
    }

    private IEnumerable<ReadOnlyMemory<byte>> Pieces(NdbBlob blob)
    {
        for (var done = 0L; done < blob.Length; done += PieceLength)
        {
            yield return file.Read(blob.Offset + done, (int)Math.Min(PieceLength, blob.Length - done));
        }
    }

    /// <summary>The slots in use, in the order of what they point to, which must not overlap.</summary>
    private List<NdbSlot> Slots()
    {
        var header = file.Read(0, HeaderLength);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(FieldLocations.Magic)) != Magic)
        {
            throw file.Corrupt(0, "it does not begin with RpmP");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(FieldLocations.Version)) is not Version and var version)
        {
            throw PackageDatabaseErrors.Unsupported(file.Format, file.Path, $"is an ndb database of version {version}");
        }

        var end = (long)BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(FieldLocations.SlotPages)) * PageLength;
        if (end > file.Length)
        {
            throw file.Corrupt(FieldLocations.SlotPages, $"{end / PageLength} pages of slots do not fit into {file.Length} bytes");
        }

        var slots = new List<NdbSlot>();
        for (long at = HeaderLength; at < end; at += NdbSlot.Length)
        {
            var slot = NdbSlot.Read(file, at);
            if (slot.BlockOffset != 0)
            {
                slots.Add(slot);
            }
        }

        slots.Sort((a, b) => a.BlockOffset.CompareTo(b.BlockOffset));
        var free = end / BlockLength;
        foreach (var slot in slots)
        {
            if (slot.BlockOffset < free || (slot.BlockOffset + (long)slot.BlockCount) * BlockLength > file.Length)
            {
                throw file.Corrupt(slot.BlockOffset * (long)BlockLength, $"package {slot.PackageIndex} does not lie where its slot says");
            }

            free = slot.BlockOffset + (long)slot.BlockCount;
        }

        return slots;
    }

    private static class FieldLocations
    {
        public const int Magic = 0;
        public const int Version = Magic + sizeof(uint);
        public const int SlotPages = 12;
    }
}
