using System.Buffers.Binary;
using V2V.Engine.FileSystems.Ntfs.Index;

namespace V2V.Engine.FileSystems.Ntfs.Security;

/// <summary>
/// The descriptors that the files of a volume share, in $Secure. Each stands twice in $SDS, 256 KiB apart, so that every other block of
/// 256 KiB is a copy of the one before it.
/// </summary>
internal sealed class NtfsSecure(NtfsSecureStore store)
{
    private const int BlockSize = 256 << 10;

    private const int EntryAlignment = 16;

    /// <summary>Ids below are reserved.</summary>
    private const uint FirstId = 0x100;

    /// <summary>What Windows fills the entries of $SDH up with: "II".</summary>
    private static readonly byte[] HashEntryTail = [0x49, 0, 0x49, 0];

    private readonly NtfsIndex _byId = new(store.ById, NtfsCollation.UInt32);
    private readonly NtfsIndex _byHash = new(store.ByHash, NtfsCollation.SecurityHash);

    /// <summary>The descriptor of an id, or null when there is none.</summary>
    /// <exception cref="GuestFileSystemException">Both copies of it are damaged.</exception>
    public byte[]? Find(uint id)
    {
        Span<byte> key = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(key, id);
        if (_byId.Find(key) is not { } entry)
        {
            return null;
        }

        var place = Place(entry);
        return Read(place, place.Offset) ?? Read(place, place.Offset + BlockSize)
            ?? throw NtfsErrors.Corrupt($"the security descriptor 0x{id:X} is not where $SII says, at byte {place.Offset} of $SDS.");
    }

    /// <summary>The id of a descriptor, which is added when the volume does not have it.</summary>
    public uint FindOrAdd(ReadOnlySpan<byte> descriptor)
    {
        var hash = NtfsSecurityEntry.HashOf(descriptor);
        var key = HashKey(hash, 0);
        foreach (var entry in _byHash.EntriesFrom(key))
        {
            if (entry.Key.Length < sizeof(uint) || entry.Key.U32(0) != hash)
            {
                break;
            }

            var place = Place(entry);
            var known = Read(place, place.Offset) ?? Read(place, place.Offset + BlockSize);
            if (known is not null && descriptor.SequenceEqual(known))
            {
                return place.Id;
            }
        }

        return Add(descriptor, hash);
    }

    private uint Add(ReadOnlySpan<byte> descriptor, uint hash)
    {
        var length = NtfsSecurityEntry.Size + descriptor.Length;
        if (length > BlockSize)
        {
            throw NtfsErrors.Unsupported($"A security descriptor of {descriptor.Length} bytes is larger than NTFS can store.");
        }

        // Ids count up, and $SDS is only appended to. chkdsk may remove entries at the end without making it shorter.
        var id = FirstId;
        var end = 0L;
        foreach (var entry in _byId.Entries())
        {
            var known = Place(entry);
            id = Math.Max(id, known.Id < uint.MaxValue ? known.Id + 1 : throw NtfsErrors.Corrupt("$SII has a security descriptor with the last possible id."));
            end = Math.Max(end, known.Offset + known.Length);
        }

        var offset = (end + EntryAlignment - 1) & -EntryAlignment;
        if (((offset + length - 1) & BlockSize) != 0)
        {
            offset = ((offset + length - 1) | (BlockSize - 1)) + 1;
        }

        var added = new NtfsSecurityEntry(hash, id, offset, (uint)length);
        FillTo(offset + BlockSize);
        byte[] raw = [.. added.ToBytes(), .. descriptor];
        store.WriteData(offset, raw);
        store.WriteData(offset + BlockSize, raw);
        store.TruncateData(offset + BlockSize + length);
        Span<byte> key = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(key, id);
        _byId.Insert(NtfsIndexEntry.ForData(key, added.ToBytes()));
        _byHash.Insert(NtfsIndexEntry.ForData(HashKey(hash, id), added.ToBytes(), HashEntryTail));
        return id;
    }

    /// <summary>Writes zeros behind the end of $SDS, which Windows does not expect to have holes.</summary>
    private void FillTo(long end)
    {
        while (store.DataLength is var length && length < end)
        {
            store.WriteData(length, new byte[Math.Min(BlockSize, end - length)]);
        }
    }

    private NtfsSecurityEntry Place(NtfsIndexEntry entry)
    {
        if (!entry.HasValidData || entry.Data.Length < NtfsSecurityEntry.Size)
        {
            throw NtfsErrors.Corrupt("an entry of an index of $Secure is too short.");
        }

        var place = NtfsSecurityEntry.Parse(entry.Data);
        if (place.Offset < 0 || place.Length < NtfsSecurityEntry.Size || place.Length > BlockSize || place.Offset > store.DataLength - place.Length)
        {
            throw NtfsErrors.Corrupt($"the security descriptor 0x{place.Id:X} has {place.Length} bytes at byte {place.Offset} of $SDS.");
        }

        return place;
    }

    /// <summary>The descriptor at a place, or null when its header or hash are not those of the index.</summary>
    private byte[]? Read(NtfsSecurityEntry place, long offset)
    {
        if (offset > store.DataLength - place.Length)
        {
            return null;
        }

        var raw = new byte[place.Length];
        store.ReadData(offset, raw);
        var descriptor = raw[NtfsSecurityEntry.Size..];
        return NtfsSecurityEntry.Parse(raw) == place && NtfsSecurityEntry.HashOf(descriptor) == place.Hash ? descriptor : null;
    }

    private static byte[] HashKey(uint hash, uint id)
    {
        var key = new byte[2 * sizeof(uint)];
        key.AsSpan().Put32(0, hash);
        key.AsSpan().Put32(sizeof(uint), id);
        return key;
    }
}
