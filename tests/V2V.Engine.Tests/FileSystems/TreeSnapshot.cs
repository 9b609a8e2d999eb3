using System.Globalization;
using System.Security.Cryptography;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Tests.FileSystems;

/// <summary>A whole tree as sorted lines, one a file, that can be compared.</summary>
internal static class TreeSnapshot
{
    internal static List<string> Of(KernelTree tree, IReadOnlySet<string> timed)
    {
        var lines = new List<string>();
        Walk("/", tree.Enumerate, p => lines.Add(Line(
            p, tree.Find(p)!, timed, tree.ExtendedAttributes(p), () => tree.ReadLink(p), () =>
            {
                using var handle = tree.OpenRead(p);
                return Digest((offset, buffer) => RandomAccess.Read(handle, buffer.AsSpan(), offset));
            })), p => tree.Find(p)!.IsDirectory);
        return lines;
    }

    internal static List<string> Of(GuestFileSystem fileSystem, IReadOnlySet<string> timed)
    {
        var lines = new List<string>();
        Walk("/", p => [.. fileSystem.Enumerate(p).Select(e => e.Name)], p => lines.Add(Line(
            p, fileSystem.Find(p)!, timed, fileSystem.ExtendedAttributes(p), () => fileSystem.ReadLink(p),
            () => Digest((offset, buffer) => fileSystem.Read(p, offset, buffer)))), p => fileSystem.Find(p)!.IsDirectory);
        return lines;
    }

    private static void Walk(string path, Func<string, List<string>> enumerate, Action<string> visit, Func<string, bool> isDirectory)
    {
        visit(path);
        if (isDirectory(path))
        {
            foreach (var name in enumerate(path).Order(StringComparer.Ordinal))
            {
                Walk(path == "/" ? $"/{name}" : $"{path}/{name}", enumerate, visit, isDirectory);
            }
        }
    }

    private static string Line(
        string path, GuestFile file, IReadOnlySet<string> timed, IReadOnlyDictionary<string, byte[]> attributes, Func<string> target, Func<string> digest)
    {
        var extended = string.Join(' ', attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={Convert.ToHexString(SHA256.HashData(a.Value))[..8]}"));
        var content = file.Type switch
        {
            GuestFileType.Regular => $"{file.Length} {digest()}",
            GuestFileType.SymbolicLink => $"{file.Length} -> {target()}",
            _ => "",
        };
        var time = timed.Contains(path) ? file.Modified.ToString("o", CultureInfo.InvariantCulture) : "";
        return $"{path} {file.Type} {Convert.ToString(file.Mode, 8)} {file.UserId}:{file.GroupId} links {file.LinkCount} {content} [{extended}] {time}";
    }

    private static string Digest(Func<long, byte[], int> read)
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
