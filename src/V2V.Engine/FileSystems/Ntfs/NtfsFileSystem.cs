using System.Collections.ObjectModel;
using V2V.Engine.Disks;
using V2V.Engine.FileSystems.Ntfs.Index;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>
/// NTFS 1.2 to 3.1. Names are found in any case and by their short names too. Metadata is read by need and changed in memory;
/// <see cref="Flush"/> writes it. File contents are written at once, but only to clusters that nothing else refers to until then, or that
/// the file has already.
/// </summary>
internal sealed partial class NtfsFileSystem : WritableGuestFileSystem
{
    /// <summary>What ntfs-3g calls FILE_ATTRIBUTE_* flags and the security descriptor.</summary>
    public const string FlagsName = "system.ntfs_attrib";

    public const string DescriptorName = "system.ntfs_acl";

    private const int DefaultMode = 0x1FF; // 0777

    private const int WriteBits = 0x92; // 0222

    private readonly NtfsVolume _volume;
    private readonly NtfsPaths _paths;
    private readonly NtfsDescriptors _descriptors;
    private readonly Lazy<GuestFileSystemException?> _fault;
    private (NtfsFile File, INtfsContent Content)? _lastContent;

    private NtfsFileSystem(NtfsVolume volume)
    {
        _volume = volume;
        _paths = new NtfsPaths(volume);
        _descriptors = new NtfsDescriptors(volume);
        _fault = new Lazy<GuestFileSystemException?>(FindFault);
    }

    public override string Kind => NtfsErrors.Format;

    /// <summary>The serial number, as blkid prints it.</summary>
    public override string? Uuid => _volume.Boot.Uuid;

    public override string? Label => _volume.Label;

    public override GuestSpace Space => new(
        _volume.Boot.ClusterCount << _volume.Boot.ClusterLog, _volume.Clusters.FreeCount << _volume.Boot.ClusterLog, null, null);

    /// <summary>
    /// Why the volume can only be read: Windows did not close it, hibernated, or left it in a state that is not understood. Null when it can
    /// be changed. Every operation that would change it throws this.
    /// </summary>
    public GuestFileSystemException? NotCleanReason => _fault.Value;

    /// <exception cref="GuestFileSystemException">It is damaged, or has features that are not understood even for reading.</exception>
    public static NtfsFileSystem Open(WritableBlockDevice device) => new(NtfsOpening.Open(device));

    public override GuestFile? Find(string path)
    {
        Trim();
        return _paths.Find(GuestPathCache.Normalise(path, Kind)) is { } file ? Describe(file) : null;
    }

    public override IEnumerable<GuestDirectoryEntry> Enumerate(string path)
    {
        Trim();
        var directory = GetDirectory(GuestPathCache.Normalise(path, Kind));
        return Describe(new NtfsDirectory(directory));
    }

    public override int Read(string path, long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        Trim();
        path = GuestPathCache.Normalise(path, Kind);
        return Contents(GetFile(path), path).Read(offset, buffer);
    }

    /// <summary>The named streams of a file or directory.</summary>
    public IReadOnlyDictionary<string, long> Streams(string path)
    {
        Trim();
        var streams = Get(GuestPathCache.Normalise(path, Kind)).Attributes.Where(a => a.Type == NtfsAttributeType.Data && a.Name.Length > 0);
        return new ReadOnlyDictionary<string, long>(streams.ToDictionary(a => a.Name, a => a.DataSize));
    }

    /// <summary>Reads of a named stream as <see cref="Read"/> does of the contents.</summary>
    /// <exception cref="GuestFileSystemException">There is none of that name.</exception>
    public int ReadStream(string path, string stream, long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        Trim();
        path = GuestPathCache.Normalise(path, Kind);
        var file = Get(path);
        var attribute = file.Find(NtfsAttributeType.Data, stream) ?? throw NtfsErrors.NotFound($"{path}:{stream}");
        return new NtfsFileContent(_volume, file, attribute).Read(offset, buffer);
    }

    public override string ReadLink(string path)
    {
        Trim();
        path = GuestPathCache.Normalise(path, Kind);
        if (ReparsePointOf(Get(path)) is not { IsLink: true } link)
        {
            throw NtfsErrors.Invalid(path, "is neither a symbolic link nor a junction.");
        }

        return link.ReadTarget() ?? throw NtfsErrors.Corrupt($"{path} is a link without a valid target.", path: path);
    }

    public override IReadOnlyDictionary<string, byte[]> ExtendedAttributes(string path)
    {
        Trim();
        var file = Get(GuestPathCache.Normalise(path, Kind));
        var flags = new byte[sizeof(uint)];
        flags.AsSpan().Put32(0, (uint)FlagsOf(file) & ~(uint)(NtfsFileFlags.Directory | NtfsFileFlags.ViewIndex) | (file.IsDirectory ? DirectoryFlag : 0));
        var attributes = new Dictionary<string, byte[]>(StringComparer.Ordinal) { [FlagsName] = flags };
        if (_descriptors.Read(file) is { } descriptor)
        {
            attributes[DescriptorName] = descriptor;
        }

        return attributes;
    }

    public override IEnumerable<ByteRange> FreeExtents()
    {
        Trim();
        if (NotCleanReason is not null)
        {
            return [];
        }

        try
        {
            return [.. _volume.Clusters.FreeRuns().Select(r => new ByteRange(r.Lcn << _volume.Boot.ClusterLog, r.Length << _volume.Boot.ClusterLog))];
        }
        catch (GuestFileSystemException)
        {
            // A copier that is told nothing copies everything, which is right for a damaged file system.
            return [];
        }
    }

    public override IReadOnlyList<ByteRange> ContentRanges(string path, long from)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        Trim();
        var file = GetFile(GuestPathCache.Normalise(path, Kind));
        if (NotCleanReason is not null || FlagsOf(file).HasFlag(NtfsFileFlags.ReparsePoint)
            || file.Data is not { Runs: { } runs, IsCompressed: false, IsEncrypted: false })
        {
            return [];
        }

        var ranges = new List<ByteRange>();
        var clusterLog = _volume.Boot.ClusterLog;
        var first = (from + (1L << clusterLog) - 1) >> clusterLog;
        foreach (var run in runs.Runs)
        {
            if (!run.IsHole && run.End > first)
            {
                var part = run.Slice(Math.Max(first, run.Vcn), run.End - Math.Max(first, run.Vcn));
                ranges.Add(new ByteRange(part.Lcn << clusterLog, part.Length << clusterLog));
            }
        }

        return ranges;
    }

    /// <summary>FILE_ATTRIBUTE_DIRECTORY, which is not stored but shown.</summary>
    private const uint DirectoryFlag = 0x10;

    private IEnumerable<GuestDirectoryEntry> Describe(NtfsDirectory directory)
    {
        var isRoot = directory.File.Number == NtfsSystemFile.Root;
        foreach (var (reference, name) in directory.Enumerate())
        {
            if (name.Namespace != NtfsNamespace.Dos && !(isRoot && reference.Number < NtfsSystemFile.FirstExtension))
            {
                yield return new GuestDirectoryEntry(name.Name, TypeOf(reference, name), reference.Number);
            }
        }
    }

    /// <summary>By the copy of the flags in the directory, where these are enough.</summary>
    private GuestFileType TypeOf(NtfsReference reference, NtfsFileName name)
    {
        var isLink = name.Flags.HasFlag(NtfsFileFlags.ReparsePoint)
            && (name.ReparseTag != 0 ? new NtfsReparsePoint((NtfsReparseTag)name.ReparseTag, []).IsLink : IsLink(_volume.Files.Get(reference)));
        return isLink ? GuestFileType.SymbolicLink : name.IsDirectory ? GuestFileType.Directory : GuestFileType.Regular;
    }

    private GuestFile Describe(NtfsFile file)
    {
        var link = FlagsOf(file).HasFlag(NtfsFileFlags.ReparsePoint) ? ReparsePointOf(file) : null;
        var type = link is { IsLink: true } ? GuestFileType.SymbolicLink : file.IsDirectory ? GuestFileType.Directory : GuestFileType.Regular;
        var length = type switch
        {
            GuestFileType.SymbolicLink => GuestText.Encode(link!.ReadTarget() ?? "").Length,
            GuestFileType.Regular => file.Data?.DataSize ?? 0,
            _ => 0,
        };
        var isReadOnly = type == GuestFileType.Regular && FlagsOf(file).HasFlag(NtfsFileFlags.ReadOnly);
        var names = file.Names.Count(a => NtfsFileName.TryParse(a.Value) is { Namespace: not NtfsNamespace.Dos });
        return new GuestFile(
            type, length, isReadOnly ? DefaultMode & ~WriteBits : DefaultMode, 0, 0, NtfsTimestamp.ToTime(file.Information.Modified), file.Number, (uint)names);
    }

    private static NtfsFileFlags FlagsOf(NtfsFile file) => file.Information.Flags;

    private bool IsLink(NtfsFile file) => ReparsePointOf(file) is { IsLink: true };

    private NtfsReparsePoint? ReparsePointOf(NtfsFile file)
    {
        if (file.Find(NtfsAttributeType.ReparsePoint) is not { } attribute)
        {
            return null;
        }

        if (attribute.DataSize > NtfsReparsePoint.MaxSize)
        {
            throw NtfsErrors.Corrupt($"the reparse point of MFT record {file.Number} has {attribute.DataSize} bytes.");
        }

        var value = new byte[attribute.DataSize];
        new NtfsFileContent(_volume, file, attribute).Read(0, value);
        return NtfsReparsePoint.TryParse(value) ?? throw NtfsErrors.Corrupt($"the reparse point of MFT record {file.Number} is cut off.");
    }

    /// <summary>The contents that were read last, since a file is usually read piece by piece.</summary>
    private INtfsContent Contents(NtfsFile file, string path)
    {
        if (_lastContent is not { } last || last.File != file)
        {
            _lastContent = last = (file, OpenContents(file, path));
        }

        return last.Content;
    }

    /// <summary>What reading a file gives: its unnamed stream, or what another component of Windows makes of it.</summary>
    private INtfsContent OpenContents(NtfsFile file, string path)
    {
        if (FlagsOf(file).HasFlag(NtfsFileFlags.ReparsePoint) && ReparsePointOf(file) is { } point)
        {
            return point.Tag == NtfsReparseTag.Wof
                ? NtfsWofContent.Open(_volume, file, point, path)
                : throw NtfsErrors.Unsupported(
                    $"{path} is a reparse point of kind 0x{(uint)point.Tag:X8}{DescribeTag(point.Tag)}: what it contains is not in the file itself.",
                    "Bring its contents back to the file in the source guest, or leave it out.", path);
        }

        return file.Data is { } data ? new NtfsFileContent(_volume, file, data) : NtfsEmptyContent.Instance;
    }

    private static string DescribeTag(NtfsReparseTag tag) => tag switch
    {
        NtfsReparseTag.Deduplicated => " (Data Deduplication)",
        _ when ((uint)tag & 0xFFFF0FFF) == 0x9000001A => " (a cloud file that is not on the disk)",
        _ => "",
    };

    private NtfsFile Get(string path) => _paths.Find(path) ?? throw NtfsErrors.NotFound(path);

    private NtfsFile GetDirectory(string path)
    {
        var file = Get(path);
        return file.IsDirectory ? file : throw NtfsErrors.Invalid(path, "is not a directory.");
    }

    private NtfsFile GetFile(string path)
    {
        var file = Get(path);
        return file.IsDirectory || IsLink(file) ? throw NtfsErrors.Invalid(path, "is not a regular file.") : file;
    }

    /// <summary>Lets memory be reused where no part of an operation holds on to it.</summary>
    private void Trim()
    {
        _volume.Files.Trim();
        _volume.Cache.Trim();
    }
}
