using System.Buffers.Binary;
using System.Text;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>Files, and the names that they have in the indexes of directories.</summary>
internal sealed partial class NtfsVolumeChecker
{
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
}
