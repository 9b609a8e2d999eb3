using System.Globalization;
using System.Text;

namespace V2V.Engine.Disks.Transports;

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

    /// <summary>The regular files of an archive, in its order, read header by header.</summary>
    /// <exception cref="DiskImageException">It is no tar archive, damaged, or has sparse members.</exception>
    public static IEnumerable<TarEntry> Enumerate(DiskFile file)
    {
        byte[] block = new byte[TarHeader.BlockSize];
        string? longName = null;
        long? paxSize = null;

        // A last block without its padding, or a missing end mark, is common and harmless.
        for (long position = 0; position <= file.Length - TarHeader.BlockSize;)
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
            if (size > file.Length - data)
            {
                throw Damaged(file.Path, position, $"its member '{name}' of {size} bytes reaches beyond the archive's end at {file.Length}.");
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

            // The size was checked against the file's length, so this cannot overflow.
            position = data + ((size + TarHeader.BlockSize - 1) & -TarHeader.BlockSize);
        }
    }

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
