using System.Buffers.Binary;
using System.IO.Compression;

namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>The files of a zip archive: those that are stored are read in their place, compressed ones are unpacked when they are read.</summary>
internal sealed class ZipStore : FileStore
{
    private const int HeaderSize = 30;
    private const uint HeaderSignature = 0x04034B50;
    private const int NameLength = 26;
    private const int ExtraLength = 28;

    private static class Method
    {
        public const int Stored = 0;
        public const int Deflate = 8;
        public const int Deflate64 = 9;
        public const int Bzip2 = 12;
        public const int Lzma = 14;
        public const int Zstd = 93;
        public const int Xz = 95;
        public const int Aes = 99;
    }

    private readonly string _path;
    private readonly Func<DiskFile> _openArchive;
    private readonly string? _temporaryFolder;
    private readonly Dictionary<string, ZipEntry> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PackedFile> _packed = new(StringComparer.Ordinal);

    private ZipStore(string path, Func<DiskFile> openArchive, string? temporaryFolder)
    {
        _path = path;
        _openArchive = openArchive;
        _temporaryFolder = temporaryFolder;
    }

    /// <summary>The regular files, in the directory's order.</summary>
    public IReadOnlyList<ZipEntry> Entries { get; private init; } = [];

    /// <summary>Reads the directory of an archive, which is opened again for each file that is opened in it.</summary>
    /// <exception cref="DiskImageException">It is missing, no zip archive, damaged, or in several parts.</exception>
    public static ZipStore Read(Func<DiskFile> openArchive, string? temporaryFolder)
    {
        using DiskFile archive = openArchive();
        List<ZipEntry> entries = ZipDirectory.Read(archive);
        var store = new ZipStore(archive.Path, openArchive, temporaryFolder) { Entries = entries };
        foreach (ZipEntry entry in entries)
        {
            if (!store._byName.TryAdd(entry.Name, entry))
            {
                throw ZipDirectory.Damaged(archive, entry.Header, $"it has two files of the name '{entry.Name}'.");
            }
        }

        return store;
    }

    public override string PathOf(string name) => $"{_path}!{name}";

    public override IEnumerable<string> Names(string folder) => Entries.Select(e => e.Name).Where(n => StoreName.Folder(n) == folder);

    public override DiskFile? Open(string name)
    {
        if (!_byName.TryGetValue(name, out ZipEntry? entry))
        {
            return null;
        }

        if (entry.IsEncrypted || entry.Method == Method.Aes)
        {
            throw Unsupported(entry, "encrypted with a password");
        }

        if (entry.Method == Method.Stored)
        {
            return OpenStored(entry, entry.Length);
        }

        lock (_packed)
        {
            if (!_packed.TryGetValue(name, out PackedFile? packed))
            {
                packed = new PackedFile(() => Unpack(entry));
                _packed[name] = packed;
            }

            return packed.Open(PathOf(name), this, name);
        }
    }

    private PackedContent Unpack(ZipEntry entry)
    {
        Compression? compression = entry.Method switch
        {
            Method.Bzip2 => Compression.Bzip2,
            Method.Zstd => Compression.Zstd,
            Method.Xz => Compression.Xz,
            Method.Deflate => null,
            Method.Deflate64 => throw Unsupported(entry, "compressed with Deflate64"),
            Method.Lzma => throw Unsupported(entry, "compressed with LZMA"),
            _ => throw Unsupported(entry, $"compressed with method {entry.Method}"),
        };
        DiskFile stored = OpenStored(entry, entry.StoredLength);
        return compression?.Unpack(stored, entry.Length, _temporaryFolder) ?? new SequentialContent(
            stored, "deflate", source => new DeflateStream(source, CompressionMode.Decompress, leaveOpen: true), entry.Length, _temporaryFolder, entry.Crc);
    }

    private MemberFile OpenStored(ZipEntry entry, long length)
    {
        DiskFile archive = _openArchive();
        try
        {
            byte[] header = new byte[HeaderSize];
            if (entry.Header > archive.Length - HeaderSize)
            {
                throw ZipDirectory.Damaged(archive, entry.Header, $"the header of '{entry.Name}' lies behind its end.");
            }

            archive.Read(entry.Header, header);
            long start = entry.Header + HeaderSize + BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(NameLength))
                + BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(ExtraLength));
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) != HeaderSignature || start > archive.Length - length
                || (entry.Method == Method.Stored && entry.StoredLength != entry.Length))
            {
                throw ZipDirectory.Damaged(archive, entry.Header, $"the header of '{entry.Name}' is not valid, or its content reaches beyond the archive's end.");
            }

            return new MemberFile(archive, this, entry.Name, start, length);
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    private DiskImageException Unsupported(ZipEntry entry, string how) => new(
        V2VError.DiskImageUnsupported, $"'{PathOf(entry.Name)}' is {how}, which is not supported.")
    {
        Path = PathOf(entry.Name),
        Format = ZipDirectory.Format,
        Offset = entry.Header,
        Advice = "Unpack the archive, and give what is in it.",
    };
}
