using System.Text;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Tests.FileSystems;

/// <summary>
/// Makes up a sequence of operations from a seed. It looks at the kernel's tree to choose what exists, so most operations make sense, and
/// some on purpose do not: existing names, missing parents, full directories.
/// </summary>
internal class FileSystemWorkload(KernelTree tree, int seed, int blockSize, bool manyNames)
{
    private const int MaxDepth = 4;
    private const string AclName = "system.posix_acl_access";

    private readonly Random _random = new(seed);

    private protected Random Random => _random;

    private protected KernelTree Tree => tree;

    /// <summary>Every path that may exist; checked against the kernel before it is used.</summary>
    private readonly List<string> _paths = ["/"];

    private int _counter;

    /// <summary>Files whose time was set and that were not changed since: only theirs can be compared.</summary>
    internal HashSet<string> Timed { get; } = [];

    internal FileSystemOperation Next()
    {
        var operation = Choose();
        _paths.Add(operation.Path);
        if (operation.From is { } from)
        {
            _paths.AddRange(_paths.Where(p => p.StartsWith(from + "/", StringComparison.Ordinal)).Select(p => operation.Path + p[from.Length..]).ToList());
        }

        if (!operation.ChangesAttributesOnly)
        {
            Timed.Clear(); // hard links and renamed parents make it hard to tell whose time has changed
        }

        return operation;
    }

    /// <summary>Lets the kernel make what only it makes: preallocated blocks, holes, badly fragmented files, devices, ACLs.</summary>
    internal virtual void PrepareInKernel()
    {
        var path = Existing(GuestFileType.Regular);
        switch (_random.Next(6))
        {
            case 0:
                tree.Allocate(path, _random.Next(2), _random.Next(100_000), _random.Next(1, 200_000)); // with or without growing the file
                break;
            case 1:
                const int KeepSizePunchHole = 3;
                tree.Allocate(path, KeepSizePunchHole, _random.Next(20_000), _random.Next(1, 50_000));
                break;
            case 2:
                // Every other block, so that extent trees become two levels deep.
                for (var block = 0; block < 360; block++)
                {
                    tree.Write(path, block * 2L * blockSize, [(byte)block, 1, 2]);
                }

                break;
            case 3:
                const int FifoType = 0x1000;
                const int CharacterDeviceType = 0x2000;
                const int SocketType = 0xC000;
                var name = NewPath();
                tree.MakeNode(name, new[] { FifoType, CharacterDeviceType, SocketType }[_random.Next(3)] | 0x1A4, 0x12305);
                _paths.Add(name);
                break;
            default:
                tree.SetExtendedAttribute(path, AclName, Acl());
                break;
        }
    }

    /// <summary>Sets the time of a file.</summary>
    internal virtual FileSystemOperation NextTimed()
    {
        var path = Existing(null);
        Timed.Add(path);
        var seconds = _random.NextInt64(-2_000_000_000, 15_000_000_000); // 1906 to 2445, what 256-byte inodes can hold
        return FileSystemOperation.SetAttributes(
            path, new() { Modified = DateTimeOffset.UnixEpoch.AddTicks((seconds * TimeSpan.TicksPerSecond) + _random.Next((int)TimeSpan.TicksPerSecond)) });
    }

    private protected virtual FileSystemOperation Choose() => _random.Next(100) switch
    {
        < 22 => FileSystemOperation.CreateFile(NewPath(), Attributes()),
        < 40 => Write(),
        < 45 => FileSystemOperation.Truncate(Existing(GuestFileType.Regular), _random.Next(4) == 0 ? 0 : _random.Next(40_000)),
        < 52 => FileSystemOperation.CreateDirectory(NewPath(), Attributes()),
        < 57 => FileSystemOperation.CreateSymbolicLink(NewPath(), Target(), Attributes() with { Mode = null }),
        < 62 => FileSystemOperation.CreateHardLink(NewPath(), Existing(GuestFileType.Regular)),
        < 72 => FileSystemOperation.Rename(Existing(null), _random.Next(3) == 0 ? Existing(null) : NewPath()),
        < 82 => FileSystemOperation.Delete(manyNames && _random.Next(3) != 0 ? NewPath() : Existing(null)),
        < 88 => SetAttributes(),
        _ => SetExtendedAttribute(),
    };

    private FileSystemOperation Write()
    {
        var path = Existing(_random.Next(20) == 0 ? GuestFileType.Directory : GuestFileType.Regular);
        var size = tree.Find(path)?.Length ?? 0;
        long offset = _random.Next(10) switch
        {
            < 4 => size,
            < 7 => _random.NextInt64(size + 1),
            < 9 => size + _random.Next(200_000), // leaves a hole
            _ => _random.Next(8) == 0 ? 66_000_000 + _random.Next(10_000_000) : blockSize * (long)_random.Next(400), // far: third level of indirect blocks
        };
        var data = new byte[_random.Next(8) == 0 ? _random.Next(1, 60_000) : _random.Next(1, 3 * blockSize)];
        _random.NextBytes(data);
        return FileSystemOperation.Write(path, offset, data);
    }

    private FileSystemOperation SetAttributes()
    {
        var path = Existing(null);
        var isLink = tree.Find(path)?.Type == GuestFileType.SymbolicLink;
        return FileSystemOperation.SetAttributes(path, isLink ? Attributes() with { Mode = null } : Attributes());
    }

    private FileSystemOperation SetExtendedAttribute()
    {
        var path = Existing(null);
        var isUserAllowed = tree.Find(path)?.Type is GuestFileType.Regular or GuestFileType.Directory;
        string[] names = isUserAllowed
            ? ["user.a", "user.big", "trusted.t", "security.selinux", "user.a-name-that-is-rather-long", "user.mime_type"]
            : ["trusted.t", "security.selinux", "trusted.big"];
        var name = names[_random.Next(names.Length)];
        if (isUserAllowed && _random.Next(8) == 0)
        {
            return FileSystemOperation.SetExtendedAttribute(path, AclName, Acl());
        }

        if (_random.Next(4) == 0)
        {
            return FileSystemOperation.SetExtendedAttribute(path, name, null);
        }

        // One large value, the others small: they always fit into a block together, or the one cannot at all.
        var isLarge = name.EndsWith(".big", StringComparison.Ordinal);
        var value = new byte[!isLarge ? _random.Next(60) : _random.Next(10) == 0 ? blockSize + 100 : _random.Next(blockSize / 3)];
        _random.NextBytes(value);
        return FileSystemOperation.SetExtendedAttribute(path, name, value);
    }

    /// <summary>Entries u::, u:1000:, g::, m::, o:: with random permissions.</summary>
    private byte[] Acl()
    {
        byte[] acl = Convert.FromHexString("0200000001000600FFFFFFFF02000700E803000004000400FFFFFFFF10000700FFFFFFFF20000000FFFFFFFF");
        foreach (var entry in new[] { 4, 12, 20, 28, 36 })
        {
            acl[entry + 2] = (byte)_random.Next(8);
        }

        return acl;
    }

    private GuestFileAttributes Attributes() => new()
    {
        Mode = _random.Next(3) == 0 ? null : _random.Next(0x1000),
        UserId = _random.Next(3) == 0 ? null : (uint)_random.Next(_random.Next(2) == 0 ? 100 : 1 << 30),
        GroupId = _random.Next(3) == 0 ? null : (uint)_random.Next(_random.Next(2) == 0 ? 100 : 1 << 30),
    };

    /// <summary>Short targets lie in the inode, longer ones in a block; one that needs more than a block is refused.</summary>
    private string Target()
    {
        var length = _random.Next(5) switch { 0 => _random.Next(55, 64), 1 => _random.Next(blockSize - 4, blockSize + 3), _ => _random.Next(1, 200) };
        return "../" + new string('t', Math.Min(length, 4090));
    }

    private protected string NewPath()
    {
        var parent = manyNames && _random.Next(10) != 0 ? "/" : Existing(_random.Next(25) == 0 ? null : GuestFileType.Directory);
        if (tree.Find(parent)?.Type == GuestFileType.SymbolicLink)
        {
            parent = "/"; // the kernel would follow it, the engine by its contract does not
        }

        while (parent.Count(c => c == '/') >= MaxDepth)
        {
            parent = parent[..parent.LastIndexOf('/')];
        }

        return $"{(parent == "/" ? "" : parent)}/{Name()}";
    }

    private protected virtual string Name()
    {
        _counter++;
        var number = _random.Next(3) == 0 ? _random.Next(_counter) : _counter; // the same name again, now and then
        var shape = new Random((number * 7919) ^ seed);
        return shape.Next(manyNames ? 4 : 10) switch
        {
            0 => $"{number:000}" + new string((char)('a' + (number % 26)), shape.Next(150, 253)),
            1 => $"ünïcödé-日本-{number}",
            2 => $"{number} with spaces and\nmore-{new string('x', shape.Next(60))}",
            3 => GuestText.Decode([0xFF, (byte)'b', .. Encoding.ASCII.GetBytes($"{number}"), 0xC3, 0x28, 0xE2]),
            4 => shape.Next(8) == 0 ? new string('l', 256) : new string((char)('a' + (number % 26)), 255),
            _ => $"n{number}",
        };
    }

    /// <summary>A path that exists, of a kind if there is one of it; sometimes one that does not exist.</summary>
    private protected string Existing(GuestFileType? type)
    {
        if (_random.Next(40) == 0)
        {
            return "/missing" + (_random.Next(2) == 0 ? "/deeper" : "");
        }

        for (var attempt = 0; attempt < 30; attempt++)
        {
            var index = _random.Next(_paths.Count);
            var found = tree.Find(_paths[index]);
            if (found is null)
            {
                _paths[index] = _paths[^1];
                _paths.RemoveAt(_paths.Count - 1);
                if (_paths.Count == 0)
                {
                    _paths.Add("/");
                }
            }
            else if ((type is null || found.Type == type) && (_paths[index] != "/" || type == GuestFileType.Directory))
            {
                return _paths[index];
            }
        }

        return type == GuestFileType.Directory ? "/" : "/missing";
    }
}
