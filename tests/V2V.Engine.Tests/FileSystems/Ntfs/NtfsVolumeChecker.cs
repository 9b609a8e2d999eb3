using System.Buffers.Binary;
using System.Collections;
using System.Text;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>
/// Checks what chkdsk checks and the tools of ntfs-3g do not: file records against $MFT's bitmap, attribute order, attribute lists, link counts,
/// every name against the index of its parent and the other way round, the order of index entries, the use of index blocks, every cluster
/// against $Bitmap, and security ids against $Secure. It is written from the format's documentation and shares no code with the engine.
/// </summary>
internal sealed partial class NtfsVolumeChecker
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
}
