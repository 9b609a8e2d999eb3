using System.Globalization;
using System.Text;

namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>A file inside a tar archive.</summary>
/// <param name="Name">Its name, without a leading "./".</param>
/// <param name="Offset">First byte of its data in the archive.</param>
/// <param name="Length">Size in bytes.</param>
public sealed record TarEntry(string Name, long Offset, long Length);

/// <summary>Reads the headers of an uncompressed tar archive (an OVA) and steps over the data.</summary>
internal static class TarArchive
{
    // A long name or a set of pax records: PATH_MAX is 4 KiB.
    private const int MaximumExtensionSize = 1 << 20;

    // Positions behind such members, one after the other, do not overflow before the archive's end is found.
    private const long MaximumSize = long.MaxValue >> 1;

    /// <summary>Where the header behind a member stands.</summary>
    public static long EndOf(TarEntry entry) => Align(entry.Offset + entry.Length);

    /// <summary>The regular files of an archive, in its order, read header by header.</summary>
    /// <param name="file">The archive.</param>
    /// <param name="start">Where a header stands that is not preceded by one that belongs to it.</param>
    /// <exception cref="DiskImageException">It is no tar archive, damaged, or has sparse members.</exception>
    public static IEnumerable<TarEntry> Enumerate(DiskFile file, long start = 0)
    {
        byte[] block = new byte[TarHeader.BlockSize];
        string? longName = null;
        long? paxSize = null;

        // A last block without its padding, or a missing end mark, is common and harmless.
        for (long position = start; file.Reaches(position + TarHeader.BlockSize);)
        {
            file.Read(position, block);
            if (TarHeader.IsEndOfArchive(block))
            {
                break;
            }

            if (!TarHeader.TryParse(block, out TarHeader header))
            {
                throw position == 0 ? NotTar(file.Path, block) : Damaged(file.Path, position, "the header there is not one of a tar archive.");
            }

            long data = position + TarHeader.BlockSize;
            long size = !header.HasData ? 0 : header.IsFile ? paxSize ?? header.Size : header.Size;
            string name = longName ?? header.Name;
            // Of a compressed archive it will be seen when the member is unpacked.
            if (size > MaximumSize || (!file.IsPacked && !file.Reaches(data + size)))
            {
                throw Damaged(file.Path, position, $"its member '{name}' of {size} bytes reaches beyond the archive's end.");
            }

            switch (header.Type)
            {
                case TarHeader.GnuSparse:
                    throw SparseMember(file.Path, position, name);
                case TarHeader.GnuLongName:
                    longName = TarHeader.Text(ReadExtension(file, data, size));
                    break;
                case TarHeader.PaxLocal:
                    foreach ((string key, string value) in PaxRecords(file.Path, data, ReadExtension(file, data, size)))
                    {
                        switch (key)
                        {
                            case "path":
                                longName = value;
                                break;
                            case "size":
                                paxSize = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes)
                                    ? bytes
                                    : throw Damaged(file.Path, data, $"a pax record gives '{value}' as a member's size.");
                                break;
                            case var sparse when sparse.StartsWith("GNU.sparse.", StringComparison.Ordinal):
                                throw SparseMember(file.Path, position, name);
                        }
                    }

                    break;
                case TarHeader.PaxGlobal or TarHeader.GnuLongLink:
                    break;
                default:
                    if (header.IsFile)
                    {
                        yield return new TarEntry(name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name, data, size);
                    }

                    longName = null;
                    paxSize = null;
                    break;
            }

            position = Align(data + size);
        }
    }

    private static long Align(long position) => (position + TarHeader.BlockSize - 1) & -TarHeader.BlockSize;

    private static byte[] ReadExtension(DiskFile file, long offset, long size)
    {
        if (size > MaximumExtensionSize)
        {
            throw Damaged(file.Path, offset, $"an extended header of {size} bytes is larger than any name needs.");
        }

        byte[] data = new byte[size];
        file.Read(offset, data);
        return data;
    }

    /// <summary>pax records: "length key=value\n", the length counting the whole record.</summary>
    private static List<(string Key, string Value)> PaxRecords(string path, long offset, ReadOnlySpan<byte> data)
    {
        var records = new List<(string, string)>();
        while (data.Length > 0)
        {
            int blank = data.IndexOf((byte)' ');
            if (blank < 0 || !int.TryParse(data[..blank], NumberStyles.None, CultureInfo.InvariantCulture, out int length)
                || length <= blank + 1 || length > data.Length)
            {
                throw Damaged(path, offset, "a pax record in it has no valid length.");
            }

            string record = Encoding.UTF8.GetString(data[(blank + 1)..length]).TrimEnd('\n');
            int equals = record.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                records.Add((record[..equals], record[(equals + 1)..]));
            }

            data = data[length..];
        }

        return records;
    }

    private static DiskImageException NotTar(string path, ReadOnlySpan<byte> start)
    {
        bool gzip = start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]);
        return new DiskImageException(
            gzip ? V2VError.DiskImageUnsupported : V2VError.DiskImageCorrupt,
            gzip ? $"'{path}' is a gzip-compressed archive." : $"'{path}' is not a tar archive.")
        {
            Path = path,
            Format = "tar",
            Offset = 0,
            Advice = gzip ? "Decompress it first: disks are read in place, which a compressed archive does not allow." : null,
        };
    }

    private static DiskImageException SparseMember(string path, long offset, string name) => new(
        V2VError.DiskImageUnsupported, $"'{path}' stores its member '{name}' as a sparse file.")
    {
        Path = path,
        Format = "tar",
        Offset = offset,
        Advice = "Unpack the archive and convert the files, or pack it again without tar's --sparse.",
    };

    public static DiskImageException Damaged(string path, long offset, string what) => new(
        V2VError.DiskImageCorrupt, $"The tar archive '{path}' is damaged at byte {offset}: {what}")
    {
        Path = path,
        Format = "tar",
        Offset = offset,
        Advice = "Copy or download it again and compare its size with the original's.",
    };
}
