using System.Buffers.Binary;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Packages.Rpm;

/// <summary>
/// The header of an installed package as the database holds it: two counts, an index, and the data that the index points into, all
/// big-endian (rpm's docs/manual/format_header.md, without the magic number that stands before it in package files).
/// </summary>
internal sealed class RpmHeader
{
    private const int Name = 1000, Version = 1001, Release = 1002, Epoch = 1003, Arch = 1022;

    private const int CountsLength = 8;

    /// <summary>Real headers have about 100 entries.</summary>
    private const int MaxEntries = 16 << 10;

    /// <summary>Before the tags that are wanted there are descriptions, in many languages in old distributions.</summary>
    private const int MaxDataOffset = 8 << 20;

    /// <summary>Names and versions; file names have at most 255.</summary>
    private const int MaxStringLength = 4096;

    private readonly StoredValue _blob;
    private readonly string _path;
    private readonly Dictionary<int, RpmIndexEntry> _entries = [];
    private readonly int _dataStart;
    private readonly int _dataLength;

    private RpmHeader(StoredValue blob, string path)
    {
        _blob = blob;
        _path = path;
        var counts = blob.Prefix(CountsLength);
        var count = BinaryPrimitives.ReadUInt32BigEndian(counts);
        var dataLength = BinaryPrimitives.ReadUInt32BigEndian(counts[4..]);
        if (count is 0 or > MaxEntries || CountsLength + count * RpmIndexEntry.Length + (long)dataLength > blob.Length)
        {
            throw Corrupt($"a header of {blob.Length} bytes gives {count} entries and {dataLength} bytes of data");
        }

        _dataStart = CountsLength + (int)count * RpmIndexEntry.Length;
        _dataLength = (int)dataLength;
        var index = blob.Prefix(_dataStart);
        if (index.Length < _dataStart)
        {
            throw Corrupt($"a header of {count} entries ends after {index.Length} bytes");
        }

        for (var i = 0; i < count; i++)
        {
            // An entry that was added to an installed package follows the original ones and takes precedence.
            var entry = RpmIndexEntry.Read(index[(CountsLength + i * RpmIndexEntry.Length)..]);
            if (entry.Tag is Name or Version or Release or Epoch or Arch)
            {
                _entries[entry.Tag] = entry;
            }
        }
    }

    /// <summary>False for the number of the next package, which the Berkeley DB store keeps among the headers.</summary>
    public static bool CanBe(StoredValue blob) => blob.Length > CountsLength;

    /// <param name="blob">The value as stored.</param>
    /// <param name="path">The database, for messages.</param>
    /// <exception cref="GuestFileSystemException">This is no header.</exception>
    public static RpmHeader Read(StoredValue blob, string path) => new(blob, path);

    /// <summary>The version with epoch and release as rpm prints %{EVR}: "2:9.0.2081-1.el9", the epoch only where there is one.</summary>
    public InstalledPackage ToPackage()
    {
        var name = Text(Name) ?? throw Corrupt("a header has no name");
        var version = $"{Text(Version)}-{Text(Release)}";
        return new InstalledPackage(name, Number(Epoch) is { } epoch ? $"{epoch}:{version}" : version, Text(Arch) ?? "");
    }

    private string? Text(int tag)
    {
        if (!_entries.TryGetValue(tag, out var entry))
        {
            return null;
        }

        if (entry.Type != RpmIndexEntry.StringType)
        {
            throw Corrupt($"tag {tag} has the type {entry.Type} and should be a string");
        }

        var data = Data(entry, MaxStringLength);
        var end = data.IndexOf((byte)0);
        return end >= 0 ? GuestText.Decode(data[..end]) : throw Corrupt($"the string of tag {tag} does not end");
    }

    private uint? Number(int tag)
    {
        if (!_entries.TryGetValue(tag, out var entry))
        {
            return null;
        }

        var data = Data(entry, sizeof(uint));
        return entry.Type == RpmIndexEntry.Int32Type && data.Length == sizeof(uint)
            ? BinaryPrimitives.ReadUInt32BigEndian(data)
            : throw Corrupt($"tag {tag} should be a number");
    }

    /// <summary>At most <paramref name="limit"/> bytes from where an entry's data begins.</summary>
    private ReadOnlySpan<byte> Data(RpmIndexEntry entry, int limit)
    {
        if (entry.Offset >= _dataLength || entry.Offset > MaxDataOffset)
        {
            throw Corrupt($"the data of tag {entry.Tag} is at {entry.Offset} of {_dataLength}");
        }

        var start = _dataStart + (int)entry.Offset;
        var prefix = _blob.Prefix(start + (int)Math.Min(limit, _dataLength - entry.Offset));
        return start < prefix.Length ? prefix[start..] : [];
    }

    private GuestFileSystemException Corrupt(string what) =>
        new(V2VError.GuestPathInvalid, $"{_path} has a damaged package: {what}.") { Path = _path, Format = "rpm" };
}
