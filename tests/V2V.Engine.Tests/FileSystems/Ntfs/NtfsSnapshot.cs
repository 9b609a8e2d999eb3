using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>
/// A whole tree as sorted lines, one a file, from the engine or from ntfs-3g. Hard links show by the first name of the same file, since the
/// count of links includes 8.3 names, which not every writer makes. Attributes that follow from how a file is stored are left out.
/// </summary>
internal sealed class NtfsSnapshot
{
    private const string AttributesName = "system.ntfs_attrib";
    private const string SecurityName = "system.ntfs_acl";

    // Sparse, reparse point, compressed and not indexed: how it is stored, or inherited from the directory.
    private const uint StorageFlags = 0x200 | 0x400 | 0x800 | 0x2000;

    // ntfs-3g marks new directories for archiving, Windows only files.
    private const uint Archive = 0x20;

    private readonly Dictionary<ulong, string> _firstNames = [];
    private readonly SortedSet<string> _timed;
    private readonly bool _hasSecurity;

    private NtfsSnapshot(IEnumerable<string> timed, bool hasSecurity) => (_timed, _hasSecurity) = (new SortedSet<string>(timed, StringComparer.Ordinal), hasSecurity);

    internal static List<string> Of(KernelTree tree, IEnumerable<string> timed, bool hasSecurity = false)
    {
        var snapshot = new NtfsSnapshot(timed, hasSecurity);
        return snapshot.Walk("/", tree.Enumerate, path => tree.Find(path)!, path => tree.GetExtendedAttribute(path, AttributesName), path => tree.GetExtendedAttribute(path, SecurityName), path =>
        {
            using var handle = tree.OpenRead(path);
            return Digest((offset, buffer) => RandomAccess.Read(handle, buffer.AsSpan(), offset));
        });
    }

    internal static List<string> Of(GuestFileSystem fileSystem, IEnumerable<string> timed, bool hasSecurity = false)
    {
        var snapshot = new NtfsSnapshot(timed, hasSecurity);
        return snapshot.Walk(
            "/", path => [.. fileSystem.Enumerate(path).Select(e => e.Name)], path => fileSystem.Find(path)!, path => fileSystem.ExtendedAttributes(path)[AttributesName],
            path => fileSystem.ExtendedAttributes(path).GetValueOrDefault(SecurityName), path => Digest((offset, buffer) => fileSystem.Read(path, offset, buffer)));
    }

    private List<string> Walk(
        string path, Func<string, List<string>> enumerate, Func<string, GuestFile> find, Func<string, byte[]?> attributes, Func<string, byte[]?> security, Func<string, string> digest)
    {
        var file = find(path);
        var shared = file.IsDirectory ? "" : _firstNames.TryAdd(file.Id, path) ? "" : $"is {_firstNames[file.Id]}";
        var flags = attributes(path) is { } bytes ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) & ~(file.IsDirectory ? StorageFlags | Archive : StorageFlags) : 0;
        var content = file.IsRegular ? $"{file.Length} {digest(path)}" : "";
        var time = _timed.Contains(path) ? file.Modified.ToString("o", CultureInfo.InvariantCulture) : "";
        var descriptor = _hasSecurity && security(path) is { } sd ? Convert.ToHexString(SHA256.HashData(sd))[..12] : "";
        var lines = new List<string> { $"{path} {file.Type} {flags:x} {content} {shared} {time} {descriptor}" };
        if (file.IsDirectory)
        {
            foreach (var name in enumerate(path).Order(StringComparer.Ordinal))
            {
                lines.AddRange(Walk(path == "/" ? $"/{name}" : $"{path}/{name}", enumerate, find, attributes, security, digest));
            }
        }

        return lines;
    }

    internal static string Digest(Func<long, byte[], int> read)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        var offset = 0L;
        for (int count; (count = read(offset, buffer)) > 0; offset += count)
        {
            hash.AppendData(buffer, 0, count);
        }

        return Convert.ToHexString(hash.GetHashAndReset())[..16];
    }
}
