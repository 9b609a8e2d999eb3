using System.Buffers.Binary;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>Security ids against $Secure: its stream, the copy in it, and its two indexes.</summary>
internal sealed partial class NtfsVolumeChecker
{
    private void CheckSecurity()
    {
        if (_files[9].FirstOrDefault(a => a.Type == IndexRoot && a.Name == "$SII") is not { } root)
        {
            return; // before NTFS 3.0 every file has its own descriptor
        }

        var known = SecurityEntries("$SII", 0).ToDictionary(e => e.Id, e => e);
        if (!SecurityEntries("$SDH", 4).Order().SequenceEqual(known.Values.Order()))
        {
            Report("$SDH and $SII list other descriptors");
        }

        var stream = Content(_files[9].First(a => a.Type == Data && a.Name == "$SDS"));
        foreach (var (id, hash, offset, length) in known.Values)
        {
            const int Copy = 0x40000;
            if (offset + length + Copy > stream.Length || offset / Copy % 2 != 0 || offset % 16 != 0)
            {
                Report($"security id {id:x} is at {offset:x}, {length} bytes long, of {stream.Length:x}");
                continue;
            }

            var entry = stream.AsSpan((int)offset, (int)length);
            var sum = 0u;
            for (var i = 20; i + 4 <= length; i += 4)
            {
                sum = BinaryPrimitives.ReadUInt32LittleEndian(entry[i..]) + ((sum << 3) | (sum >> 29));
            }

            if (sum != hash || BinaryPrimitives.ReadUInt32LittleEndian(entry) != hash || BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) != id
                || BinaryPrimitives.ReadInt64LittleEndian(entry[8..]) != offset || BinaryPrimitives.ReadUInt32LittleEndian(entry[16..]) != length
                || !stream.AsSpan((int)offset + Copy, (int)length).SequenceEqual(entry))
            {
                Report($"security id {id:x} has another hash, place or copy");
            }
        }

        foreach (var (number, attributes) in _files)
        {
            if (attributes.FirstOrDefault(a => a.Type == StandardInformation)?.Value is { Length: >= 0x48 } information
                && BinaryPrimitives.ReadUInt32LittleEndian(information.AsSpan(0x34)) is var id and not 0 && !known.ContainsKey(id))
            {
                Report($"record {number} has security id {id:x}, which is not in $Secure");
            }
        }
    }

    /// <summary>What one of the two indexes of descriptors repeats of the stream: id, hash, offset and length.</summary>
    private IEnumerable<(uint Id, uint Hash, long Offset, uint Length)> SecurityEntries(string name, int keyIdOffset)
    {
        var root = _files[9].First(a => a.Type == IndexRoot && a.Name == name);
        var allocation = _files[9].FirstOrDefault(a => a.Type == IndexAllocation && a.Name == name);
        uint Id(byte[] key) => BinaryPrimitives.ReadUInt32LittleEndian(key.AsSpan(keyIdOffset));
        uint Hash(byte[] key) => BinaryPrimitives.ReadUInt32LittleEndian(key);
        var index = new NtfsCheckedIndex(
            name, root.Value, allocation is null ? [] : Content(allocation), _files[9].FirstOrDefault(a => a.Type == Bitmap && a.Name == name) is { } bitmap ? Content(bitmap) : [],
            _clusterSize, (a, b) => Hash(a) != Hash(b) ? Hash(a).CompareTo(Hash(b)) : Id(a).CompareTo(Id(b)), Report);
        foreach (var (_, key, data) in index.Entries())
        {
            if (Id(key) != BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(4)))
            {
                Report($"{name}: the entry of {Id(key):x} is that of another");
            }

            yield return (Id(key), BinaryPrimitives.ReadUInt32LittleEndian(data), BinaryPrimitives.ReadInt64LittleEndian(data.AsSpan(8)), BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(16)));
        }
    }
}
