using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using V2V.Engine.Tests.Conversion.Initramfs;
using V2V.Engine.Tests.FileSystems;

namespace V2V.Engine.Tests.Guests.Phony;

/// <summary>The package database of a phony guest, in its distribution's format, from lines "name version architecture".</summary>
internal static class PhonyPackages
{
    public static void Write(MemoryFileSystem root, Workshop workshop, string format, string directory, IEnumerable<string> lines)
    {
        var packages = lines.Select(l => l.Split(' ')).Select(w => (Name: w[0], Version: w[1], Architecture: w[2])).ToList();
        var headers = packages.Select(p => RpmHeader(p.Name, p.Version, p.Architecture));
        switch (format)
        {
            case "dpkg":
                root.With("/var/lib/dpkg/status", string.Concat(packages.Select(p =>
                    $"Package: {p.Name}\nStatus: install ok installed\nArchitecture: {p.Architecture}\nVersion: {p.Version}\nDescription: phony\n\n")));
                break;
            case "apk":
                root.With("/lib/apk/db/installed", string.Concat(packages.Select(p => $"P:{p.Name}\nV:{p.Version}\nA:{p.Architecture}\n\n")));
                break;
            case "pacman":
                foreach (var p in packages)
                {
                    root.With($"/var/lib/pacman/local/{p.Name}-{p.Version}/desc", $"%NAME%\n{p.Name}\n\n%VERSION%\n{p.Version}\n\n%ARCH%\n{p.Architecture}\n\n");
                }

                break;
            case "rpm-bdb":
                root.With($"{directory}/Packages", BerkeleyDb(workshop, headers));
                break;
            case "rpm-ndb":
                root.With($"{directory}/Packages.db", Ndb([.. headers]));
                break;
            case "rpm-sqlite":
                root.With($"{directory}/rpmdb.sqlite", Sqlite(workshop, headers));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, null);
        }
    }

    private static byte[] BerkeleyDb(Workshop workshop, IEnumerable<byte[]> headers)
    {
        ExternalTool.Need("db_load");
        var dump = "VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\nHEADER=END\n"
            + string.Concat(headers.Select((h, i) => $" {BinaryPrimitives.ReverseEndianness(i + 1):x8}\n {Convert.ToHexStringLower(h)}\n")) + "DATA=END\n";
        workshop.Save("dump", Encoding.ASCII.GetBytes(dump));
        workshop.Shell("rm -f packages; db_load packages < dump");
        return workshop.Bytes("packages");
    }

    private static byte[] Sqlite(Workshop workshop, IEnumerable<byte[]> headers)
    {
        ExternalTool.Need("sqlite3");
        var script = "create table 'Packages' (hnum integer primary key autoincrement, blob blob not null);\n"
            + string.Concat(headers.Select(h => $"insert into Packages(blob) values (x'{Convert.ToHexStringLower(h)}');\n"));
        workshop.Save("script", Encoding.ASCII.GetBytes(script));
        workshop.Shell("rm -f packages; sqlite3 packages < script");
        return workshop.Bytes("packages");
    }

    /// <summary>One page of slots, then each header between its head and its tail, in blocks of 16 bytes.</summary>
    private static byte[] Ndb(IReadOnlyList<byte[]> headers)
    {
        const int pageLength = 4096, block = 16;
        using var file = new MemoryStream();
        void Number(uint n) => file.Write(BitConverter.GetBytes(n));
        void Text(string t) => file.Write(Encoding.ASCII.GetBytes(t));
        Text("RpmP");
        Number(0);
        Number(1);
        Number(1);
        Number((uint)headers.Count + 1);
        file.Write(new byte[12]);
        var at = pageLength / block;
        for (var i = 0; i < pageLength / block - 2; i++)
        {
            var blocks = i < headers.Count ? (headers[i].Length + 28 + block - 1) / block : 0;
            Text("Slot");
            Number(blocks > 0 ? (uint)i + 1 : 0);
            Number(blocks > 0 ? (uint)at : 0);
            Number((uint)blocks);
            at += blocks;
        }

        for (var i = 0; i < headers.Count; i++)
        {
            Text("BlbS");
            Number((uint)i + 1);
            Number(1);
            Number((uint)headers[i].Length);
            file.Write(headers[i]);
            file.Write(new byte[-(headers[i].Length + 28) & (block - 1)]);
            Number(0);
            Number((uint)headers[i].Length);
            Text("BlbE");
        }

        return file.ToArray();
    }

    private static byte[] RpmHeader(string name, string evr, string architecture)
    {
        var epoch = evr.Split(':') is [var e, _] ? e : null;
        var version = evr[(evr.IndexOf(':') + 1)..];
        var dash = version.LastIndexOf('-');
        var index = new List<(int Tag, int Type, byte[] Data)>
        {
            (1000, 6, Encoding.UTF8.GetBytes(name + '\0')),
            (1001, 6, Encoding.UTF8.GetBytes(version[..dash] + '\0')),
            (1002, 6, Encoding.UTF8.GetBytes(version[(dash + 1)..] + '\0')),
            (1022, 6, Encoding.UTF8.GetBytes(architecture + '\0')),
        };
        if (epoch is not null)
        {
            var number = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(number, uint.Parse(epoch, CultureInfo.InvariantCulture));
            index.Insert(0, (1003, 4, number));
        }

        var header = new byte[8 + 16 * index.Count + index.Sum(i => i.Data.Length)];
        BinaryPrimitives.WriteInt32BigEndian(header, index.Count);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), header.Length - 8 - 16 * index.Count);
        var offset = 0;
        for (var i = 0; i < index.Count; i++)
        {
            var entry = header.AsSpan(8 + 16 * i);
            BinaryPrimitives.WriteInt32BigEndian(entry, index[i].Tag);
            BinaryPrimitives.WriteInt32BigEndian(entry[4..], index[i].Type);
            BinaryPrimitives.WriteInt32BigEndian(entry[8..], offset);
            BinaryPrimitives.WriteInt32BigEndian(entry[12..], 1);
            index[i].Data.CopyTo(header.AsSpan(8 + 16 * index.Count + offset));
            offset += index[i].Data.Length;
        }

        return header;
    }
}
