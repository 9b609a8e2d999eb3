using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Iso9660;

/// <summary>Reads the records of a directory and makes files of them.</summary>
internal sealed class IsoDirectoryReader(BlockDevice device, int blockSize, IsoNaming naming, int systemUseSkip)
{
    /// <summary>Records do not cross these (ECMA-119, 6.8.1.1).</summary>
    private const int SectorSize = 2048;

    /// <summary>A directory of 100,000 files with long names has about 20 MB.</summary>
    private const int MaxDirectoryLength = 32 << 20;

    /// <summary>What Linux shows of volumes without Rock Ridge.</summary>
    private const int DefaultMode = 0x16D; // 0555

    /// <summary>A file of the largest size of a disk's file system has as many extents of 4 GiB.</summary>
    private const int MaxExtents = 1 << 16;

    /// <summary>The directory that a record of a volume descriptor or a "." record describes.</summary>
    public IsoFile Describe(IsoDirectoryRecord record) => Make(record, [Extent(record)], "", ReadRockRidge(record, NewSystemUse()));

    /// <summary>The files in a directory, in the order of their records.</summary>
    /// <exception cref="GuestFileSystemException">Its records are damaged.</exception>
    public List<IsoFile> List(IsoFile directory)
    {
        var files = new List<IsoFile>();
        var extents = new List<ByteRange>();
        var systemUse = NewSystemUse();
        foreach (var record in Records(directory))
        {
            if (record.IsSelf || record.IsParent || record.Flags.HasFlag(IsoFileFlags.Associated))
            {
                continue;
            }

            extents.Add(Extent(record));
            if (record.Flags.HasFlag(IsoFileFlags.MultiExtent) && extents.Count < MaxExtents)
            {
                continue;
            }

            // The last record of a file tells about all of it.
            var rockRidge = ReadRockRidge(record, systemUse);
            if (rockRidge is not { IsRelocated: true })
            {
                var name = rockRidge?.Name ?? IsoNames.Decode(record.Name, naming);
                if (!IsoNames.IsUsable(name))
                {
                    throw IsoErrors.Corrupt("a directory record has a name that cannot be one.", record.Position);
                }

                files.Add(rockRidge?.ChildBlock is { } block ? Relocated(block, name, record) : Make(record, [.. extents], name, rockRidge));
            }

            extents.Clear();
        }

        return files;
    }

    private ByteRange Extent(IsoDirectoryRecord record) => new((long)record.DataBlock * blockSize, record.DataLength);

    private IEnumerable<IsoDirectoryRecord> Records(IsoFile directory)
    {
        var extent = directory.Extents[0];
        if (extent.Length > MaxDirectoryLength || extent.Length > device.Length - extent.Offset)
        {
            throw IsoErrors.Corrupt(
                $"the directory at byte {extent.Offset} would have {extent.Length} bytes of an image of {device.Length}.", extent.Offset);
        }

        var content = new byte[extent.Length];
        device.Read(extent.Offset, content);
        for (var at = 0; at < content.Length;)
        {
            int length = content[at];
            if (length == 0)
            {
                at = (at / SectorSize * SectorSize) + SectorSize;
                continue;
            }

            if (length < IsoDirectoryRecord.MinimumLength || length > content.Length - at)
            {
                throw IsoErrors.Corrupt($"a directory record has {length} bytes.", extent.Offset + at);
            }

            yield return IsoDirectoryRecord.Parse(content.AsSpan(at, length), extent.Offset + at);
            at += length;
        }
    }

    private RockRidge? ReadRockRidge(IsoDirectoryRecord record, SystemUseReader systemUse) => naming == IsoNaming.RockRidge
        ? RockRidge.Parse(systemUse.Read(record.SystemUse, systemUseSkip, record.Position))
        : null;

    private SystemUseReader NewSystemUse() => new(ReadWithinBlock);

    private byte[]? ReadWithinBlock(uint block, uint offset, int length)
    {
        var start = ((long)block * blockSize) + offset;
        if (start > device.Length - length)
        {
            return null;
        }

        var content = new byte[length];
        device.Read(start, content);
        return content;
    }

    /// <summary>The directory that a child link stands for; its own first record tells how long it is.</summary>
    private IsoFile Relocated(uint block, string name, IsoDirectoryRecord link)
    {
        var start = (long)block * blockSize;
        Span<byte> raw = stackalloc byte[byte.MaxValue];
        if (start > device.Length - raw.Length)
        {
            throw IsoErrors.Corrupt($"a directory is said to be at block {block}, beyond the image's end.", link.Position);
        }

        device.Read(start, raw);
        if (raw[0] < IsoDirectoryRecord.MinimumLength)
        {
            throw IsoErrors.Corrupt($"no directory begins at block {block}, where a child link leads.", link.Position);
        }

        var self = IsoDirectoryRecord.Parse(raw[..raw[0]], start);
        return Make(self with { Flags = self.Flags | IsoFileFlags.Directory }, [Extent(self)], name, ReadRockRidge(self, NewSystemUse()));
    }

    private static IsoFile Make(IsoDirectoryRecord record, IReadOnlyList<ByteRange> extents, string name, RockRidge? rockRidge)
    {
        var type = record.IsDirectory ? GuestFileType.Directory
            : rockRidge?.Mode is { } bits && LinuxFileTypes.FromMode((ushort)bits) is { } known and not GuestFileType.Directory ? known
            : GuestFileType.Regular;
        if (type == GuestFileType.Directory && extents.Count > 1)
        {
            throw IsoErrors.Corrupt("a directory has several extents.", record.Position);
        }

        var length = type switch
        {
            GuestFileType.Regular or GuestFileType.Directory => extents.Sum(e => e.Length),
            GuestFileType.SymbolicLink => GuestText.Encode(rockRidge?.Target ?? "").Length,
            _ => 0,
        };
        return new IsoFile
        {
            Name = name,
            Description = new GuestFile(
                type, length, rockRidge?.Mode is { } mode ? (int)(mode & 0xFFF) : DefaultMode, rockRidge?.UserId ?? 0, rockRidge?.GroupId ?? 0,
                rockRidge?.Modified ?? record.Recorded, (ulong)(type == GuestFileType.Directory ? extents[0].Offset : record.Position),
                rockRidge?.Links ?? 1),
            Extents = extents,
            Target = type == GuestFileType.SymbolicLink ? rockRidge?.Target ?? "" : null,
            Refusal = rockRidge?.Encoding ?? (record.IsInterleaved ? "is stored interleaved with other files" : null),
        };
    }
}
