using V2V.Engine.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.FileSystems;

/// <summary>What a file system should hold after a series of operations, kept as plainly as possible, and the operations on both.</summary>
internal sealed class FileSystemModel(WritableGuestFileSystem fileSystem, Random random)
{
    private readonly SortedDictionary<string, Node> _nodes = new(StringComparer.Ordinal) { ["/"] = new Node(GuestFileType.Directory) };

    private WritableGuestFileSystem FileSystem { get; set; } = fileSystem;

    /// <summary>Performs one operation, chosen at random, on the file system and here.</summary>
    internal void Step()
    {
        switch (random.Next(20))
        {
            case 0 or 1 or 2:
                CreateFile();
                break;
            case 3:
                CreateDirectory();
                break;
            case 4:
                CreateLink();
                break;
            case 5:
                CreateHardLink();
                break;
            case 6 or 7:
                Rename();
                break;
            case 8 or 9:
                Delete();
                break;
            case 10 or 11 or 12 or 13:
                Write();
                break;
            case 14 or 15:
                Truncate();
                break;
            case 16:
                SetAttributes();
                break;
            default:
                SetExtendedAttribute();
                break;
        }
    }

    /// <summary>Continues on the same file system opened anew.</summary>
    internal void Reopen(WritableGuestFileSystem fileSystem) => FileSystem = fileSystem;

    internal void AssertSame(GuestFileSystem fileSystem)
    {
        foreach (var (path, node) in _nodes)
        {
            var file = fileSystem.Find(path);
            Assert.True(file is not null, $"{path} is missing");
            Assert.Equal(node.Type, file.Type);
            if (path != "/")
            {
                Assert.Equal((node.Mode, node.UserId, node.GroupId), (file.Mode, file.UserId, file.GroupId));
            }

            if (node.Modified is { } modified)
            {
                Assert.Equal(modified, file.Modified);
            }

            if (node.Type == GuestFileType.Directory)
            {
                var prefix = path == "/" ? "/" : path + "/";
                var expected = _nodes.Keys.Where(k => k.Length > prefix.Length && k.StartsWith(prefix, StringComparison.Ordinal) && k.IndexOf('/', prefix.Length) < 0);
                Assert.Equal(
                    expected.Select(k => k[prefix.Length..]).Order(StringComparer.Ordinal),
                    fileSystem.Enumerate(path).Select(e => e.Name).Where(n => n != "lost+found").Order(StringComparer.Ordinal));
                if (path != "/")
                {
                    Assert.Equal(2 + (uint)expected.Count(k => _nodes[k].Type == GuestFileType.Directory), file.LinkCount);
                }
            }
            else if (node.Type == GuestFileType.SymbolicLink)
            {
                Assert.Equal(node.Target, fileSystem.ReadLink(path));
            }
            else
            {
                Assert.True(node.Content.AsSpan().SequenceEqual(fileSystem.ReadAllBytes(path)), $"{path} has other contents");
                Assert.Equal((uint)_nodes.Values.Count(n => n == node), file.LinkCount);
            }

            var attributes = fileSystem.ExtendedAttributes(path);
            Assert.Equal(node.Attributes.Keys, attributes.Keys.Order(StringComparer.Ordinal));
            foreach (var (name, value) in node.Attributes)
            {
                Assert.Equal(value, attributes[name]);
            }
        }
    }

    private void CreateFile()
    {
        var path = NewPath();
        FileSystem.CreateFile(path, new GuestFileAttributes());
        _nodes[path] = new Node(GuestFileType.Regular);
    }

    private void CreateDirectory()
    {
        var path = NewPath();
        FileSystem.CreateDirectory(path, new GuestFileAttributes());
        _nodes[path] = new Node(GuestFileType.Directory) { Mode = 0x1ED };
    }

    private void CreateLink()
    {
        var path = NewPath();
        var target = new string((char)('a' + random.Next(26)), random.Next(2) == 0 ? random.Next(1, 70) : random.Next(1, 900));
        FileSystem.CreateSymbolicLink(path, target, new GuestFileAttributes());
        _nodes[path] = new Node(GuestFileType.SymbolicLink) { Mode = 0x1FF, Target = target };
    }

    private void CreateHardLink()
    {
        if (Choose(n => n.Type != GuestFileType.Directory) is { } existing)
        {
            var path = NewPath();
            FileSystem.CreateHardLink(path, existing);
            _nodes[path] = _nodes[existing];
        }
    }

    private void Rename()
    {
        if (Choose(_ => true) is not { } from || from == "/")
        {
            return;
        }

        var to = random.Next(3) == 0 ? Choose(n => n.Type != GuestFileType.Directory)! : NewPath();
        if (to is null)
        {
            return;
        }

        var source = _nodes[from];
        var intoItself = to.StartsWith(from + "/", StringComparison.Ordinal);
        var overFile = source.Type == GuestFileType.Directory && _nodes.ContainsKey(to);
        if (intoItself || overFile)
        {
            Assert.Throws<GuestFileSystemException>(() => FileSystem.Rename(from, to));
            return;
        }

        FileSystem.Rename(from, to);
        if (_nodes.TryGetValue(to, out var target) && target == source)
        {
            return;
        }

        foreach (var key in _nodes.Keys.Where(k => k == from || k.StartsWith(from + "/", StringComparison.Ordinal)).ToArray())
        {
            _nodes.Remove(key, out var node);
            _nodes[to + key[from.Length..]] = node!;
        }
    }

    private void Delete()
    {
        if (Choose(_ => true) is not { } path || path == "/")
        {
            return;
        }

        if (_nodes.Keys.Any(k => k.StartsWith(path + "/", StringComparison.Ordinal)))
        {
            Assert.Throws<GuestFileSystemException>(() => FileSystem.Delete(path));
            return;
        }

        FileSystem.Delete(path);
        _nodes.Remove(path);
    }

    private void Write()
    {
        if (Choose(n => n.Type == GuestFileType.Regular) is not { } path)
        {
            return;
        }

        var node = _nodes[path];
        var data = new byte[random.Next(3) == 0 ? random.Next(1, 200_000) : random.Next(1, 5000)];
        random.NextBytes(data);
        var offset = random.Next(4) switch { 0 => node.Content.Length, 1 => random.Next(node.Content.Length + 1), 2 => 0, _ => random.Next(300_000) };
        FileSystem.Write(path, offset, data);
        if (offset + data.Length > node.Content.Length)
        {
            Array.Resize(ref node.Content, offset + data.Length);
        }

        data.CopyTo(node.Content, offset);
        node.Modified = null;
    }

    private void Truncate()
    {
        if (Choose(n => n.Type == GuestFileType.Regular) is not { } path)
        {
            return;
        }

        var node = _nodes[path];
        var length = random.Next(3) switch { 0 => 0, 1 => random.Next(node.Content.Length + 1), _ => random.Next(300_000) };
        FileSystem.Truncate(path, length);
        Array.Resize(ref node.Content, length);
        node.Modified = null;
    }

    private void SetAttributes()
    {
        var path = Choose(_ => true)!;
        if (path is null or "/")
        {
            return;
        }

        var node = _nodes[path];
        node.Mode = random.Next(0x1000);
        node.UserId = (uint)random.NextInt64(1L << 32);
        node.GroupId = (uint)random.NextInt64(1L << 32);
        node.Modified = node.Type == GuestFileType.Directory ? null : DateTimeOffset.FromUnixTimeSeconds(random.Next());
        FileSystem.SetAttributes(path, new GuestFileAttributes
        {
            Mode = node.Mode,
            UserId = node.UserId,
            GroupId = node.GroupId,
            Modified = node.Modified,
        });
    }

    private void SetExtendedAttribute()
    {
        var path = Choose(n => n.Type != GuestFileType.SymbolicLink)!;
        if (path is null or "/")
        {
            return;
        }

        var name = (random.Next(2) == 0 ? "user." : "trusted.") + new string((char)('a' + random.Next(4)), random.Next(1, 20));
        if (random.Next(3) == 0)
        {
            FileSystem.SetExtendedAttribute(path, name, null);
            _nodes[path].Attributes.Remove(name);
            return;
        }

        var value = new byte[random.Next(random.Next(5) == 0 ? 300 : 40)];
        random.NextBytes(value);
        try
        {
            FileSystem.SetExtendedAttribute(path, name, value);
            _nodes[path].Attributes[name] = value;
        }
        catch (GuestFileSystemException e) when (e.Error is V2VError.FileSystemFull or V2VError.FileSystemUnsupported)
        {
            // A block of attributes is full before the disk is, and revision 0 has none; the old value must have stayed.
        }
    }

    private string? Choose(Func<Node, bool> filter)
    {
        var paths = _nodes.Where(p => filter(p.Value)).Select(p => p.Key).ToArray();
        return paths.Length == 0 ? null : paths[random.Next(paths.Length)];
    }

    private string NewPath()
    {
        var directories = _nodes.Where(p => p.Value.Type == GuestFileType.Directory).Select(p => p.Key).ToArray();
        var directory = directories[random.Next(Math.Min(directories.Length, 12))];
        while (true)
        {
            var name = $"{random.Next(100_000)}-" + new string((char)('a' + random.Next(26)), random.Next(random.Next(4) == 0 ? 200 : 20));
            var path = (directory == "/" ? "/" : directory + "/") + name;
            if (!_nodes.ContainsKey(path))
            {
                return path;
            }
        }
    }

    private sealed class Node(GuestFileType type)
    {
        public byte[] Content = [];

        public GuestFileType Type { get; } = type;

        public int Mode { get; set; } = 0x1A4;

        public uint UserId { get; set; }

        public uint GroupId { get; set; }

        public DateTimeOffset? Modified { get; set; }

        public string? Target { get; set; }

        public SortedDictionary<string, byte[]> Attributes { get; } = new(StringComparer.Ordinal);
    }
}
