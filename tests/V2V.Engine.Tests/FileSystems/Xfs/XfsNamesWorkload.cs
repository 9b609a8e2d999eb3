using System.Globalization;
using System.Text;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>
/// Operations on names and attributes that all succeed: directories of a few, some hundred and some thousand names, files with a few and with
/// very many attributes.
/// </summary>
internal sealed class XfsNamesWorkload(int seed)
{
    private const string Target = "/target";

    private const int MaxValue = 65536;

    private readonly Random _random = new(seed);

    /// <summary>Directories, how many names each shall have, and the names.</summary>
    private readonly List<(string Path, int Size, List<string> Names)> _directories =
        [("/few", 6, []), ("/some", 60, []), ("/hundreds", 500, []), ("/thousands", 3000, [])];

    /// <summary>Files and directories with attributes, how many each shall have, and the attributes.</summary>
    private readonly List<(string Path, int Size, List<string> Names)> _dressed =
        [("/few", 4, []), ("/some", 15, []), ("/hundreds", 2, []), ("/dressed", 60, []), ("/overdressed", 220, []), ("/link", 5, [])];

    private int _counter;

    /// <summary>A name of 1 to 255 bytes. One in five has the same hash as many others: with bits seven apart, neighbours make up for each other.</summary>
    internal static string Name(Random random, int number)
    {
        var text = number.ToString(CultureInfo.InvariantCulture);
        switch (random.Next(10))
        {
            case 0:
                return text + new string((char)('a' + random.Next(26)), random.Next(150, 256 - text.Length));
            case 1:
                return $"ünï-日本-{text}";
            case 2 or 3 when number < 1 << 15:
                var name = new StringBuilder();
                for (var bit = 0; bit < 15; bit++)
                {
                    name.Append(((number >> bit) & 1) == 0 ? "`a" : "a\u00E1");
                }

                // The second of each pair is one byte, 0x61 or 0xE1; the latter alone is no UTF-8.
                return GuestText.Decode(Encoding.Latin1.GetBytes(name.ToString()));
            default:
                return new string((char)('a' + random.Next(26)), random.Next(1, 12)) + text;
        }
    }

    /// <summary>The files, and half of the names, for the kernel to make.</summary>
    internal IEnumerable<FileSystemOperation> Start()
    {
        var none = new GuestFileAttributes();
        yield return FileSystemOperation.CreateFile(Target, none);
        yield return FileSystemOperation.CreateFile("/dressed", none);
        yield return FileSystemOperation.CreateFile("/overdressed", none);
        yield return FileSystemOperation.CreateSymbolicLink("/link", new string('t', 100), none);
        foreach (var (path, size, names) in _directories)
        {
            yield return FileSystemOperation.CreateDirectory(path, none);
            while (names.Count < size / 2)
            {
                yield return AddName(path, names);
            }
        }

        foreach (var (path, size, names) in _dressed)
        {
            while (names.Count < size / 2)
            {
                yield return SetAttribute(path, names, isNew: true);
            }
        }
    }

    internal FileSystemOperation Next()
    {
        if (_random.Next(3) > 0)
        {
            var (path, size, names) = _directories[_random.Next(_directories.Count)];

            // The number of names swings about the wanted size.
            if (names.Count == 0 || _random.Next(size * 2) >= names.Count)
            {
                return AddName(path, names);
            }

            var at = _random.Next(names.Count);
            var name = names[at];
            names.RemoveAt(at);
            if (_random.Next(4) > 0)
            {
                return FileSystemOperation.Delete($"{path}/{name}");
            }

            var (other, _, others) = _directories[_random.Next(_directories.Count)];
            var renamed = NewName();
            others.Add(renamed);
            return FileSystemOperation.Rename($"{path}/{name}", $"{other}/{renamed}");
        }
        else
        {
            var (path, size, names) = _dressed[_random.Next(_dressed.Count)];
            if (names.Count > 0 && _random.Next(size * 2) < names.Count)
            {
                var at = _random.Next(names.Count);
                var name = names[at];
                names.RemoveAt(at);
                return FileSystemOperation.SetExtendedAttribute(path, name, null);
            }

            return SetAttribute(path, names, isNew: names.Count == 0 || _random.Next(3) > 0);
        }
    }

    private FileSystemOperation AddName(string path, List<string> names)
    {
        var name = NewName();
        names.Add(name);
        return _random.Next(10) == 0
            ? FileSystemOperation.CreateDirectory($"{path}/{name}", new GuestFileAttributes())
            : FileSystemOperation.CreateHardLink($"{path}/{name}", Target);
    }

    private string NewName() => Name(_random, ++_counter);

    private FileSystemOperation SetAttribute(string path, List<string> names, bool isNew)
    {
        // Users' attributes are for files and directories only.
        var name = isNew ? AttributeName(path == "/link" ? _random.Next(1, 3) : _random.Next(3)) : names[_random.Next(names.Count)];
        if (isNew)
        {
            names.Add(name);
        }

        var value = new byte[_random.Next(20) switch { 0 => _random.Next(MaxValue + 1), 1 or 2 => _random.Next(4096), _ => _random.Next(1, 60) }];
        _random.NextBytes(value);
        return FileSystemOperation.SetExtendedAttribute(path, name, value);
    }

    private string AttributeName(int space) =>
        new[] { "user.", "trusted.", "security." }[space] + new string((char)('a' + _random.Next(26)), _random.Next(8) == 0 ? _random.Next(100, 240) : _random.Next(1, 10))
        + (++_counter).ToString(CultureInfo.InvariantCulture);
}
