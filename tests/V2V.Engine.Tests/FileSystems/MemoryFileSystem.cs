using V2V.Engine.FileSystems;

namespace V2V.Engine.Tests.FileSystems;

/// <summary>
/// A complete file system in memory, for tests of everything that stands on the contract. It keeps the contract's promises, errors included:
/// literal paths, no links followed, POSIX rename, link counts, and (given a size) running full. As "vfat" and "ntfs" it takes names in any case.
/// </summary>
internal sealed class MemoryFileSystem(string kind = "ext4", string? uuid = null, string? label = null) : WritableGuestFileSystem
{
    private readonly StringComparison _case = kind is "vfat" or "ntfs" ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    private readonly Dictionary<string, Node> _files = new(kind is "vfat" or "ntfs" ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal)
    {
        ["/"] = new Node(GuestFileType.Directory, 2) { Mode = 0x1ED },
    };

    private ulong _lastId = 10;

    public override string Kind => kind;

    public override string? Uuid => uuid;

    public override string? Label => label;

    /// <summary>What <see cref="Space"/> is computed from; writing past it fails as on a full disk.</summary>
    public long Capacity { get; set; } = 8L << 30;

    public long? InodeCapacity { get; set; } = 100_000;

    /// <summary>The time that new and changed files get.</summary>
    public DateTimeOffset Now { get; set; } = new(2024, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>Times that <see cref="Flush"/> was called.</summary>
    public int Flushes { get; private set; }

    public override GuestSpace Space => new(Capacity, Capacity - Used, InodeCapacity, InodeCapacity - Nodes.Count());

    private IEnumerable<Node> Nodes => _files.Values.Distinct();

    private long Used => Nodes.Sum(n => (long)n.Content.Length);

    public override GuestFile? Find(string path)
    {
        if (!_files.TryGetValue(Check(path), out var node))
        {
            return null;
        }

        var links = node.Type == GuestFileType.Directory
            ? 2 + Children(path).Count(p => _files[p].Type == GuestFileType.Directory)
            : _files.Values.Count(n => n == node);
        return new GuestFile(node.Type, node.Content.Length, node.Mode, node.UserId, node.GroupId, node.Modified, node.Id, (uint)links);
    }

    public override IEnumerable<GuestDirectoryEntry> Enumerate(string path)
    {
        var directory = Get(path);
        if (directory.Type != GuestFileType.Directory)
        {
            throw Invalid(path, "is not a directory");
        }

        return [.. Children(path).Select(p => new GuestDirectoryEntry(p[(p.LastIndexOf('/') + 1)..], _files[p].Type, _files[p].Id))];
    }

    public override int Read(string path, long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var content = GetRegular(path).Content;
        if (offset >= content.Length)
        {
            return 0;
        }

        var part = content.AsSpan((int)offset);
        part = part[..Math.Min(part.Length, buffer.Length)];
        part.CopyTo(buffer);
        return part.Length;
    }

    public override string ReadLink(string path)
    {
        var node = Get(path);
        return node.Type == GuestFileType.SymbolicLink ? GuestText.Decode(node.Content) : throw Invalid(path, "is not a symbolic link");
    }

    public override IReadOnlyDictionary<string, byte[]> ExtendedAttributes(string path) => Get(path).ExtendedAttributes;

    public override IEnumerable<ByteRange> FreeExtents() => [];

    /// <summary>Each file lies in one piece, at its number in units of 4 GiB.</summary>
    public override IReadOnlyList<ByteRange> ContentRanges(string path, long from) =>
        Get(path) is var node && node.Content.Length > from ? [new ByteRange(((long)node.Id << 32) + from, node.Content.Length - from)] : [];

    public override void CreateFile(string path, GuestFileAttributes attributes) => Add(path, GuestFileType.Regular, [], 0x1A4, attributes);

    public override void CreateDirectory(string path, GuestFileAttributes attributes) =>
        Add(path, GuestFileType.Directory, [], 0x1ED, attributes);

    public override void CreateSymbolicLink(string path, string target, GuestFileAttributes attributes) =>
        Add(path, GuestFileType.SymbolicLink, GuestText.Encode(target), 0x1FF, attributes);

    public override void CreateHardLink(string path, string existing)
    {
        var node = Get(existing);
        if (node.Type == GuestFileType.Directory)
        {
            throw Invalid(existing, "is a directory, which cannot have a second name");
        }

        CheckNew(path);
        _files[path] = node;
    }

    public override void Write(string path, long offset, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var node = GetRegular(path);
        if (offset + data.Length > node.Content.Length)
        {
            SetLength(path, node, offset + data.Length);
        }

        data.CopyTo(node.Content.AsSpan((int)offset));
        node.Modified = Now;
    }

    public override void Truncate(string path, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        SetLength(path, GetRegular(path), length);
    }

    public override void Rename(string from, string to)
    {
        var node = Get(from);
        if (from == to || (_files.TryGetValue(Check(to), out var existing) && existing == node))
        {
            return;
        }

        if (to.StartsWith(from + "/", StringComparison.Ordinal))
        {
            throw Invalid(to, $"lies inside {from}");
        }

        if (existing is null)
        {
            CheckNew(to);
        }
        else if ((existing.Type == GuestFileType.Directory) != (node.Type == GuestFileType.Directory))
        {
            throw Invalid(to, "is a directory and its replacement is not, or the other way round");
        }
        else if (Children(to).Any())
        {
            throw Invalid(to, "is a directory that is not empty");
        }

        foreach (var path in _files.Keys.Where(p => p.StartsWith(from + "/", _case)).ToList())
        {
            _files.Remove(path, out var moved);
            _files[to + path[from.Length..]] = moved!;
        }

        _files.Remove(from);
        _files[to] = node;
    }

    public override void Delete(string path)
    {
        var node = Get(path);
        if (node.Type == GuestFileType.Directory && (path == "/" || Children(path).Any()))
        {
            throw Invalid(path, "is a directory that is not empty");
        }

        _files.Remove(path);
    }

    public override void SetAttributes(string path, GuestFileAttributes attributes) => Apply(Get(path), attributes);

    public override void SetExtendedAttribute(string path, string name, byte[]? value)
    {
        var node = Get(path);
        if (value is null)
        {
            node.ExtendedAttributes.Remove(name);
        }
        else
        {
            node.ExtendedAttributes[name] = value;
        }
    }

    public override void Flush() => Flushes++;

    /// <summary>Adds a file with every directory on the way.</summary>
    public MemoryFileSystem With(string path, string content = "", int mode = 0x1A4) => With(path, GuestText.Encode(content), mode);

    public MemoryFileSystem With(string path, byte[] content, int mode = 0x1A4)
    {
        WithDirectory(path[..path.LastIndexOf('/')]);
        this.WriteAllBytes(path, content, new GuestFileAttributes { Mode = mode });
        return this;
    }

    public MemoryFileSystem WithLink(string path, string target)
    {
        WithDirectory(path[..path.LastIndexOf('/')]);
        CreateSymbolicLink(path, target, new GuestFileAttributes());
        return this;
    }

    public MemoryFileSystem WithDirectory(string path)
    {
        if (path.Length > 1 && Find(path) is null)
        {
            WithDirectory(path[..path.LastIndexOf('/')]);
            CreateDirectory(path, new GuestFileAttributes());
        }

        return this;
    }

    /// <summary>Every regular file with a copy of its content.</summary>
    public IEnumerable<(string Path, byte[] Content)> Files() =>
        _files.Where(f => f.Value.Type == GuestFileType.Regular).Select(f => (f.Key, (byte[])f.Value.Content.Clone()));

    /// <summary>Gives every file an SELinux label.</summary>
    public void LabelAll(string label)
    {
        foreach (var node in Nodes)
        {
            node.ExtendedAttributes["security.selinux"] = System.Text.Encoding.ASCII.GetBytes(label + '\0');
        }
    }

    public string Text(string path) => this.ReadAllText(path);

    /// <summary>One line a file, with everything that can be seen of it, so that two states can be compared.</summary>
    public IReadOnlyList<string> Listing() =>
        [.. _files.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f =>
            $"{f.Key} {f.Value.Type} {Convert.ToString(f.Value.Mode, 8)} {f.Value.UserId}:{f.Value.GroupId} {f.Value.Id} "
            + Convert.ToBase64String(f.Value.Content)
            + string.Concat(f.Value.ExtendedAttributes.Select(a => $" {a.Key}={Convert.ToBase64String(a.Value)}")))];

    private void Add(string path, GuestFileType type, byte[] content, int mode, GuestFileAttributes attributes)
    {
        CheckNew(path);
        if (Space.FreeInodes <= 0)
        {
            throw Full(path);
        }

        var node = new Node(type, ++_lastId) { Content = content, Mode = mode, Modified = Now };
        Apply(node, attributes);
        _files[path] = node;
    }

    private void SetLength(string path, Node node, long length)
    {
        if (Used - node.Content.Length + length > Capacity)
        {
            throw Full(path);
        }

        var content = node.Content;
        Array.Resize(ref content, checked((int)length));
        node.Content = content;
        node.Modified = Now;
    }

    private static void Apply(Node node, GuestFileAttributes attributes)
    {
        node.Mode = attributes.Mode ?? node.Mode;
        node.UserId = attributes.UserId ?? node.UserId;
        node.GroupId = attributes.GroupId ?? node.GroupId;
        node.Modified = attributes.Modified ?? node.Modified;
    }

    private void CheckNew(string path)
    {
        if (_files.ContainsKey(Check(path)))
        {
            throw new GuestFileSystemException(V2VError.GuestPathExists, $"{path} exists.") { Path = path, Format = kind };
        }

        var parent = path[..path.LastIndexOf('/')];
        if (Get(parent.Length == 0 ? "/" : parent).Type != GuestFileType.Directory)
        {
            throw Invalid(parent, "is not a directory");
        }
    }

    private Node Get(string path) => _files.TryGetValue(Check(path), out var node)
        ? node
        : throw new GuestFileSystemException(V2VError.GuestPathNotFound, $"{path} does not exist.") { Path = path, Format = kind };

    private Node GetRegular(string path)
    {
        var node = Get(path);
        return node.Type == GuestFileType.Regular ? node : throw Invalid(path, "is not a regular file");
    }

    private IEnumerable<string> Children(string path)
    {
        var prefix = path == "/" ? "/" : path + "/";
        return _files.Keys.Where(p => p.Length > prefix.Length && p.StartsWith(prefix, _case) && !p[prefix.Length..].Contains('/'));
    }

    private string Check(string path) =>
        path.StartsWith('/') && (path.Length == 1 || (!path.EndsWith('/') && !path.Contains("//")))
            ? path
            : throw Invalid(path, "is not an absolute path");

    private GuestFileSystemException Invalid(string path, string why) =>
        new(V2VError.GuestPathInvalid, $"{path} {why}.") { Path = path, Format = kind };

    private GuestFileSystemException Full(string path) =>
        new(V2VError.FileSystemFull, $"No space is left for {path}.") { Path = path, Format = kind };

    private sealed class Node(GuestFileType type, ulong id)
    {
        public GuestFileType Type { get; } = type;

        public ulong Id { get; } = id;

        public byte[] Content { get; set; } = [];

        public int Mode { get; set; }

        public uint UserId { get; set; }

        public uint GroupId { get; set; }

        public DateTimeOffset Modified { get; set; }

        public Dictionary<string, byte[]> ExtendedAttributes { get; } = new(StringComparer.Ordinal);
    }
}
