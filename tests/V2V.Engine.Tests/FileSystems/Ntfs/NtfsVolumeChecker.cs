using System.Buffers.Binary;
using System.Collections;
using System.Text;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>
/// Checks what chkdsk checks and the tools of ntfs-3g do not: file records against $MFT's bitmap, attribute order, attribute lists, link counts,
/// every name against the index of its parent and the other way round, the order of index entries, the use of index blocks, every cluster
/// against $Bitmap, and security ids against $Secure. It is written from the format's documentation and shares no code with the engine.
/// </summary>
internal sealed class NtfsVolumeChecker
{
    private const int AttributeList = 0x20;
    private const int FileName = 0x30;
    private const int StandardInformation = 0x10;
    private const int Data = 0x80;
    private const int IndexRoot = 0x90;
    private const int IndexAllocation = 0xA0;
    private const int Bitmap = 0xB0;

    private readonly List<string> _findings = [];
    private readonly FileStream _image;
    private readonly int _clusterSize;
    private readonly int _recordSize;
    private readonly long _clusters;
    private readonly Dictionary<long, NtfsCheckedRecord> _records = [];
    private readonly Dictionary<long, List<NtfsCheckedAttribute>> _files = [];
    private readonly HashSet<(long Directory, long File, string Name, byte Namespace)> _indexed = [];
    private readonly List<NtfsCheckedRun> _mftRuns = [];
    private readonly BitArray _used;
    private char[] _upcase = [];

    private NtfsVolumeChecker(FileStream image)
    {
        _image = image;
        var boot = Read(0, 512);
        var sectorSize = BinaryPrimitives.ReadUInt16LittleEndian(boot.AsSpan(0x0B));
        var sectors = BinaryPrimitives.ReadInt64LittleEndian(boot.AsSpan(0x28));
        _clusterSize = sectorSize * (boot[0x0D] <= 0x80 ? boot[0x0D] : 1 << -(sbyte)boot[0x0D]);
        _recordSize = (sbyte)boot[0x40] > 0 ? boot[0x40] * _clusterSize : 1 << -(sbyte)boot[0x40];
        _clusters = sectors * sectorSize / _clusterSize;
        _used = new BitArray((int)_clusters);
        MftCluster = BinaryPrimitives.ReadInt64LittleEndian(boot.AsSpan(0x30));
        MirrorCluster = BinaryPrimitives.ReadInt64LittleEndian(boot.AsSpan(0x38));
        if (sectors * sectorSize + sectorSize <= image.Length && !Read(sectors * sectorSize, 512).AsSpan().SequenceEqual(boot))
        {
            Report("the copy of the boot sector differs");
        }
    }

    private long MftCluster { get; }

    private long MirrorCluster { get; }

    /// <summary>What is wrong with the volume, in words; empty when nothing is.</summary>
    internal static List<string> Check(string path)
    {
        using var image = File.OpenRead(path);
        var checker = new NtfsVolumeChecker(image);
        try
        {
            checker.Run();
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or ArgumentException or IOException)
        {
            checker.Report($"the rest could not be looked at: {e.Message}");
        }

        return checker._findings;
    }

    private void Run()
    {
        var mft = new NtfsCheckedRecord(0, Read(MftCluster * _clusterSize, _recordSize), Report);
        var data = mft.Attributes.First(a => a.Type == Data);
        _mftRuns.AddRange(data.Runs);
        foreach (var part in ListedParts(mft).Where(p => p.Type == Data && p.LowestVcn > 0))
        {
            _mftRuns.AddRange(part.Runs);
        }

        ReadRecords(data.Size / _recordSize);
        foreach (var record in _records.Values.Where(r => r is { IsInUse: true, IsExtension: false }))
        {
            _files[record.Number] = Gather(record);
        }

        _upcase = [.. Content(_files[10].First(a => a.Type == Data)).Chunk(2).Select(c => (char)(c[0] | (c[1] << 8)))];
        CheckMftBitmap();
        CheckClusters();
        foreach (var number in _files.Keys.Order())
        {
            CheckFile(number);
        }

        CheckNames();
        CheckMirror();
        CheckSecurity();
    }

    private void Report(string finding) => _findings.Add(finding);

    private byte[] Read(long offset, int length)
    {
        var buffer = new byte[length];
        _image.Position = offset;
        _image.ReadExactly(buffer);
        return buffer;
    }

    private byte[] Content(NtfsCheckedAttribute attribute)
    {
        if (attribute.IsResident)
        {
            return attribute.Value;
        }

        var bytes = new byte[attribute.Runs.Sum(r => r.Length) * _clusterSize];
        var at = 0L;
        foreach (var run in attribute.Runs)
        {
            if (run.Cluster is { } cluster)
            {
                Read(cluster * _clusterSize, checked((int)(run.Length * _clusterSize))).CopyTo(bytes.AsSpan((int)at));
            }

            at += run.Length * _clusterSize;
        }

        return bytes[..(int)Math.Min(bytes.Length, attribute.Size)];
    }

    private byte[] ReadRecord(long number)
    {
        var record = new byte[_recordSize];
        for (var done = 0; done < _recordSize;)
        {
            var position = (number * _recordSize) + done;
            var vcn = position / _clusterSize;
            var within = (int)(position % _clusterSize);
            var count = Math.Min(_recordSize - done, _clusterSize - within);
            var first = 0L;
            var run = _mftRuns.First(r => (first += r.Length) > vcn);
            var cluster = run.Cluster!.Value + vcn - (first - run.Length);
            Read((cluster * _clusterSize) + within, count).CopyTo(record.AsSpan(done));
            done += count;
        }

        return record;
    }

    private void ReadRecords(long count)
    {
        for (var number = 0L; number < count; number++)
        {
            var bytes = ReadRecord(number);
            if (bytes.AsSpan(0, 4).SequenceEqual("FILE"u8))
            {
                _records[number] = new NtfsCheckedRecord(number, bytes, Report);
            }
            else if (bytes.AsSpan(0, 4).SequenceEqual("BAAD"u8))
            {
                Report($"record {number} is marked as bad");
            }
        }
    }

    /// <summary>The attributes of other records that a base record's attribute list names; only those of $MFT are read before the rest.</summary>
    private IEnumerable<NtfsCheckedAttribute> ListedParts(NtfsCheckedRecord record)
    {
        if (record.Attributes.FirstOrDefault(a => a.Type == AttributeList) is not { } list)
        {
            yield break;
        }

        foreach (var entry in ListEntries(Content(list)).Where(e => e.Record != record.Number))
        {
            if (!_records.TryGetValue(entry.Record, out var other))
            {
                other = new NtfsCheckedRecord(entry.Record, ReadRecord(entry.Record), Report);
            }

            if (other.Attributes.FirstOrDefault(a => a.Type == entry.Type && a.Instance == entry.Instance) is { } attribute)
            {
                yield return attribute;
            }
        }
    }

    private static IEnumerable<(int Type, long LowestVcn, long Record, int Sequence, int Instance, string Name)> ListEntries(byte[] list)
    {
        for (var at = 0; at + 26 <= list.Length;)
        {
            var entry = list.AsSpan(at);
            var length = BinaryPrimitives.ReadUInt16LittleEndian(entry[4..]);
            if (length < 26)
            {
                break;
            }

            var reference = BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]);
            var result = (
                (int)BinaryPrimitives.ReadUInt32LittleEndian(entry), BinaryPrimitives.ReadInt64LittleEndian(entry[8..]), (long)(reference & 0xFFFF_FFFF_FFFF),
                (int)(reference >> 48), (int)BinaryPrimitives.ReadUInt16LittleEndian(entry[24..]), Encoding.Unicode.GetString(entry.Slice(entry[7], entry[6] * 2)));
            at += length;
            yield return result;
        }
    }

    /// <summary>All attributes of a file, those of several parts joined.</summary>
    private List<NtfsCheckedAttribute> Gather(NtfsCheckedRecord record)
    {
        var own = record.Attributes.ToList();
        if (own.FirstOrDefault(a => a.Type == AttributeList) is not { } list)
        {
            return own;
        }

        var all = new List<NtfsCheckedAttribute> { list };
        var entries = ListEntries(Content(list)).ToList();
        for (var i = 0; i < entries.Count; i++)
        {
            var (type, lowest, number, sequence, instance, name) = entries[i];
            if (i > 0 && (entries[i - 1].Type > type || (entries[i - 1].Type == type && entries[i - 1].Name == name && entries[i - 1].LowestVcn > lowest)))
            {
                Report($"record {record.Number}: the attribute list is out of order at {i}");
            }

            if (!_records.TryGetValue(number, out var holder) || !holder.IsInUse || holder.Sequence != sequence
                || (number != record.Number && holder.BaseRecord != record.Number))
            {
                Report($"record {record.Number}: its attribute list names record {number}, which is not its own");
                continue;
            }

            var part = holder.Attributes.FirstOrDefault(a => a.Type == type && a.Instance == instance && a.Name == name && a.LowestVcn == lowest);
            if (part is null)
            {
                Report($"record {record.Number}: its attribute list names {type:x} '{name}' in record {number}, which is not there");
                continue;
            }

            if (lowest > 0 && all.LastOrDefault(a => a.Type == type && a.Name == name) is { } first)
            {
                if (first.HighestVcn + 1 != lowest)
                {
                    Report($"record {record.Number}: {type:x} '{name}' has a gap before {lowest}");
                }

                first.Runs.AddRange(part.Runs);
                first.HighestVcn = part.HighestVcn;
            }
            else
            {
                all.Add(part);
            }
        }

        var listed = entries.Count(e => e.Record == record.Number);
        if (listed != own.Count - 1)
        {
            Report($"record {record.Number} has {own.Count - 1} attributes, and {listed} are listed");
        }

        return all;
    }

    private void CheckMftBitmap()
    {
        var bits = new BitArray(Content(_files[0].First(a => a.Type == Bitmap)));
        for (var number = 0; number < bits.Length; number++)
        {
            // The first 24 are kept for the file system, in use or not.
            var isInUse = _records.TryGetValue(number, out var record) && record.IsInUse;
            if (bits[number] != isInUse && number >= 24)
            {
                Report($"record {number} is {(isInUse ? "in use" : "free")}, and $MFT's bitmap says otherwise");
            }
        }

        foreach (var record in _records.Values.Where(r => r.IsInUse && r.Number >= bits.Length))
        {
            Report($"record {record.Number} is in use beyond $MFT's bitmap");
        }

        foreach (var record in _records.Values.Where(r => r is { IsInUse: true, IsExtension: true }))
        {
            if (!_records.TryGetValue(record.BaseRecord, out var owner) || !owner.IsInUse || owner.Sequence != record.BaseSequence)
            {
                Report($"record {record.Number} belongs to {record.BaseRecord}, which does not exist");
            }
        }
    }

    private void CheckClusters()
    {
        foreach (var (number, attributes) in _files)
        {
            foreach (var attribute in attributes.Where(a => !a.IsResident))
            {
                foreach (var run in attribute.Runs.Where(r => r.Cluster is not null))
                {
                    for (var cluster = run.Cluster!.Value; cluster < run.Cluster + run.Length; cluster++)
                    {
                        if (cluster < 0 || cluster >= _clusters)
                        {
                            Report($"record {number} has cluster {cluster}, beyond the volume");
                            break;
                        }

                        if (_used[(int)cluster])
                        {
                            Report($"cluster {cluster} of record {number} belongs to two");
                        }

                        _used[(int)cluster] = true;
                    }
                }

                CheckSizes(number, attribute);
            }
        }

        var bits = new BitArray(Content(_files[6].First(a => a.Type == Data)));
        var (lost, missing) = (0, 0);
        for (var cluster = 0; cluster < _clusters; cluster++)
        {
            lost += bits[cluster] && !_used[cluster] ? 1 : 0;
            missing += !bits[cluster] && _used[cluster] ? 1 : 0;
        }

        if (lost + missing > 0)
        {
            Report($"$Bitmap has {lost} clusters that nothing uses, and lacks {missing} that something does");
        }

        for (var cluster = (int)_clusters; cluster < bits.Length; cluster++)
        {
            if (!bits[cluster])
            {
                Report("$Bitmap says that there is room beyond the volume");
                break;
            }
        }
    }

    private void CheckSizes(long number, NtfsCheckedAttribute a)
    {
        var what = $"record {number}: {a.Type:x} '{a.Name}'";
        var clusters = a.Runs.Sum(r => r.Length);
        if (a.HighestVcn + 1 != clusters || a.AllocatedSize != clusters * _clusterSize)
        {
            Report($"{what} has {clusters} clusters, a highest one {a.HighestVcn} and an allocated size of {a.AllocatedSize}");
        }

        if (a.InitializedSize > a.Size || a.Size > a.AllocatedSize)
        {
            Report($"{what} has sizes {a.InitializedSize}, {a.Size}, {a.AllocatedSize}");
        }

        var present = a.Runs.Where(r => r.Cluster is not null).Sum(r => r.Length) * _clusterSize;
        if (a.CompressedSize is { } compressed && compressed != present)
        {
            Report($"{what} has {present} bytes of clusters and says {compressed}");
        }

        if (a.CompressedSize is null && present != clusters * _clusterSize && number != 8)
        {
            Report($"{what} has holes and is not marked as sparse");
        }
    }

    private void CheckFile(long number)
    {
        var record = _records[number];
        var attributes = _files[number];
        var names = attributes.Where(a => a.Type == FileName).ToList();
        if (names.Count != record.LinkCount)
        {
            Report($"record {number} has {names.Count} names and a link count of {record.LinkCount}");
        }

        if (names.Count(n => n.Value[65] == 2) != names.Count(n => n.Value[65] == 1))
        {
            Report($"record {number} has a DOS name without a long one, or the other way round");
        }

        if (number >= 24 && attributes.All(a => a.Type != StandardInformation))
        {
            Report($"record {number} has no standard information");
        }

        if (!record.IsDirectory)
        {
            return;
        }

        if (attributes.FirstOrDefault(a => a.Type == IndexRoot && a.Name == "$I30") is not { } root)
        {
            Report($"directory {number} has no index");
            return;
        }

        var allocation = attributes.FirstOrDefault(a => a.Type == IndexAllocation && a.Name == "$I30");
        var index = new NtfsCheckedIndex(
            $"directory {number}", root.Value, allocation is null ? [] : Content(allocation),
            attributes.FirstOrDefault(a => a.Type == Bitmap && a.Name == "$I30") is { } bitmap ? Content(bitmap) : [], _clusterSize, Compare, Report);
        foreach (var (reference, key, _) in index.Entries())
        {
            var file = (long)(reference & 0xFFFF_FFFF_FFFF);
            var name = Encoding.Unicode.GetString(key, 66, key[64] * 2);
            if ((long)(BinaryPrimitives.ReadUInt64LittleEndian(key) & 0xFFFF_FFFF_FFFF) != number)
            {
                Report($"directory {number}: {name} says that it is in another");
            }

            if (!_records.TryGetValue(file, out var target) || !target.IsInUse || target.Sequence != (int)(reference >> 48) || target.IsExtension)
            {
                Report($"directory {number}: {name} is record {file}:{reference >> 48}, which is not in use");
            }
            else if (!_indexed.Add((number, file, name, key[65])))
            {
                Report($"directory {number} has {name} twice");
            }
            else
            {
                CheckDuplicate(number, name, file, key);
            }
        }
    }

    /// <summary>Sizes and flags that an index repeats. Windows refreshes them when a file is closed, ntfs-3g when it is written.</summary>
    private void CheckDuplicate(long directory, string name, long file, byte[] key)
    {
        if (file < 24 || !_files.TryGetValue(file, out var attributes))
        {
            return;
        }

        var flags = BinaryPrimitives.ReadUInt32LittleEndian(key.AsSpan(56));
        if (((flags & 0x1000_0000) != 0) != _records[file].IsDirectory)
        {
            Report($"directory {directory}: {name} has flags {flags:x}");
        }

        if (attributes.FirstOrDefault(a => a.Type == Data && a.Name.Length == 0) is { } data && BinaryPrimitives.ReadInt64LittleEndian(key.AsSpan(48)) != data.Size)
        {
            Report($"directory {directory}: {name} is {data.Size} bytes long, and its entry says {BinaryPrimitives.ReadInt64LittleEndian(key.AsSpan(48))}");
        }
    }

    private int Compare(byte[] left, byte[] right)
    {
        var (a, b) = (Encoding.Unicode.GetString(left, 66, left[64] * 2), Encoding.Unicode.GetString(right, 66, right[64] * 2));
        for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            if (_upcase[a[i]] != _upcase[b[i]])
            {
                return _upcase[a[i]] - _upcase[b[i]];
            }
        }

        return a.Length != b.Length ? a.Length - b.Length : string.CompareOrdinal(a, b);
    }

    private void CheckNames()
    {
        foreach (var (number, attributes) in _files)
        {
            foreach (var value in attributes.Where(a => a.Type == FileName).Select(a => a.Value))
            {
                var parent = BinaryPrimitives.ReadUInt64LittleEndian(value);
                var directory = (long)(parent & 0xFFFF_FFFF_FFFF);
                var name = Encoding.Unicode.GetString(value, 66, value[64] * 2);
                if (!_indexed.Contains((directory, number, name, value[65])))
                {
                    Report($"record {number}: {name} is not in its directory {directory}");
                }
                else if (_records[directory].Sequence != (int)(parent >> 48))
                {
                    Report($"record {number}: {name} is in an earlier directory {directory}");
                }

                _indexed.Remove((directory, number, name, value[65]));
            }
        }

        foreach (var (directory, file, name, _) in _indexed)
        {
            Report($"directory {directory} has {name} for record {file}, which has no such name");
        }
    }

    private void CheckMirror()
    {
        for (var number = 0; number < Math.Max(4, _clusterSize / _recordSize) && number < 4; number++)
        {
            if (!Read((MirrorCluster * _clusterSize) + (number * _recordSize), _recordSize).AsSpan().SequenceEqual(ReadRecord(number)))
            {
                Report($"$MFTMirr has another record {number}");
            }
        }
    }

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
