namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// The root file system as the kernel would have it after unpacking an initramfs. The operations do what init/initramfs.c does with the
/// same entry: what the kernel ignores silently is ignored here too.
/// </summary>
internal sealed class InitramfsTree
{
    /// <summary>MAXSYMLINKS.</summary>
    private const int MaxSymbolicLinks = 40;

    /// <summary>NAME_MAX.</summary>
    private const int MaxNameLength = 255;

    /// <summary>No image nests deeper; damaged ones could, through links, without end.</summary>
    private const int MaxDepth = 256;

    private const uint PermissionMask = 0xFFF;

    public InitramfsNode Root { get; private init; } = new(InitramfsNode.Directory | 0x1ED /* 0755 */);

    /// <summary>A tree that can be changed without changing this one; hard links stay links.</summary>
    public InitramfsTree Clone()
    {
        var clones = new Dictionary<InitramfsNode, InitramfsNode>(ReferenceEqualityComparer.Instance) { [Root] = Root.Clone() };
        var pending = new Stack<InitramfsNode>([Root]);
        while (pending.TryPop(out var directory))
        {
            foreach (var (name, node) in directory.Entries!)
            {
                if (!clones.TryGetValue(node, out var clone))
                {
                    clones.Add(node, clone = node.Clone());
                    if (node.IsDirectory)
                    {
                        pending.Push(node);
                    }
                }

                clones[directory].Entries!.Add(name, clone);
            }
        }

        return new InitramfsTree { Root = clones[Root] };
    }

    /// <summary>What stands at a path, or null.</summary>
    public InitramfsNode? Find(string path, bool followLast = true) => Walk(path, followLast)?.Node;

    public bool FileExists(string path) => Find(path) is { IsRegular: true };

    public bool DirectoryExists(string path) => Find(path) is { IsDirectory: true };

    /// <summary>The path without symbolic links on the way ("usr/lib/modules" for "lib/modules"); null when nothing stands there.</summary>
    public string? RealPath(string path) => Walk(path, followLast: true) is { Node: not null } place ? place.Path : null;

    /// <summary>The text of a file whose content was kept, or null.</summary>
    public string? ReadText(string path) => Find(path)?.Content is { } content ? FileSystems.GuestText.Decode(content) : null;

    /// <summary>Paths, without links, of the directories that stand directly in a directory.</summary>
    public IEnumerable<string> Directories(string path) => Walk(path, followLast: true) is { Node.Entries: { } entries } place
        ? entries.Where(e => e.Value.IsDirectory).Select(e => Join(place.Path, e.Key))
        : [];

    /// <summary>Every path with its node, directories before what they hold, in ordinal order; the root is left out.</summary>
    public IEnumerable<(string Path, InitramfsNode Node)> Enumerate(string directory = "")
    {
        var start = Walk(directory, followLast: true);
        if (start?.Node?.Entries is null)
        {
            yield break;
        }

        var pending = new Stack<(string Path, InitramfsNode Node)>();
        Push(start.Value.Path, start.Value.Node);
        while (pending.TryPop(out var place))
        {
            yield return place;
            Push(place.Path, place.Node);
        }

        void Push(string path, InitramfsNode node)
        {
            foreach (var (name, child) in (node.Entries ?? []).OrderByDescending(e => e.Key, StringComparer.Ordinal))
            {
                pending.Push((Join(path, name), child));
            }
        }
    }

    /// <summary>clean_path(): what stands there and is of another type is removed, directories only when they are empty.</summary>
    public void MakeWay(string path, uint mode)
    {
        if (Walk(path, followLast: false) is { Node: { } existing } place && existing.Type != (mode & InitramfsNode.TypeMask))
        {
            Remove(place);
        }
    }

    public void MakeDirectory(string path, CpioHeader header)
    {
        if (Walk(path, followLast: false) is not { } place)
        {
            return;
        }

        var node = place.Node;
        if (node is null)
        {
            node = new InitramfsNode(InitramfsNode.Directory) { Depth = place.Parent.Depth + 1 };
            if (node.Depth > MaxDepth)
            {
                throw InitramfsErrors.Malformed($"directories are nested deeper than {MaxDepth}");
            }

            Add(place, node);
        }

        SetAttributes(node, header);
    }

    /// <summary>Opens a regular file for writing, creating or (unless a link was just made) emptying it; null when the kernel could not.</summary>
    public InitramfsNode? OpenFile(string path, CpioHeader header, bool truncate)
    {
        if (Walk(path, followLast: true) is not { } place)
        {
            return null;
        }

        var node = place.Node;
        if (node is null)
        {
            node = new InitramfsNode(InitramfsNode.RegularFile);
            if (!Add(place, node))
            {
                return null;
            }
        }
        else if (!node.IsRegular)
        {
            return null;
        }

        if (truncate)
        {
            node.Length = 0;
            node.Checksum = 0;
            node.Content = null;
        }

        SetAttributes(node, header);
        return node;
    }

    public void MakeSymbolicLink(string path, string target, CpioHeader header)
    {
        // The mode 0 is of no type, so whatever stands there makes way.
        MakeWay(path, 0);
        if (target.Length > 0 && Walk(path, followLast: false) is { Node: null } place)
        {
            // A symbolic link's own permission bits are always 0777, whatever the archive says.
            var node = new InitramfsNode(InitramfsNode.SymbolicLink | 0x1FF) { LinkTarget = target, Length = target.Length };
            node.UserId = header.UserId;
            node.GroupId = header.GroupId;
            Add(place, node);
        }
    }

    public void MakeSpecial(string path, CpioHeader header)
    {
        if (Walk(path, followLast: false) is not { } place)
        {
            return;
        }

        var node = place.Node;
        if (node is null)
        {
            node = new InitramfsNode(header.Mode & InitramfsNode.TypeMask) { SpecialDevice = header.SpecialDevice };
            if (!Add(place, node))
            {
                return;
            }
        }

        SetAttributes(node, header);
    }

    /// <summary>Adds a hard link; false when the kernel could not, because the old path is gone or the new one is taken.</summary>
    public bool Link(string existing, string path)
    {
        MakeWay(path, 0);
        return Walk(existing, followLast: false) is { Node: { IsDirectory: false } node }
            && Walk(path, followLast: false) is { Node: null } place
            && Add(place, node);
    }

    private static void SetAttributes(InitramfsNode node, CpioHeader header)
    {
        node.Mode = node.Type | (header.Mode & PermissionMask);
        node.UserId = header.UserId;
        node.GroupId = header.GroupId;
    }

    private static bool Add(Place place, InitramfsNode node) =>
        place.Name.Length is > 0 and <= MaxNameLength && place.Parent.Entries!.TryAdd(place.Name, node);

    private static void Remove(Place place)
    {
        if (place.Name.Length > 0 && place.Node is not { Entries.Count: > 0 })
        {
            place.Parent.Entries!.Remove(place.Name);
        }
    }

    /// <summary>Path lookup; null when a directory on the way is missing.</summary>
    private Place? Walk(string path, bool followLast)
    {
        var pending = new Stack<string>();
        PushComponents(pending, path);
        // Directories from the root to where the walk stands, and their names.
        var parents = new List<InitramfsNode> { Root };
        var names = new List<string>();
        var links = 0;
        while (pending.TryPop(out var name))
        {
            if (name == ".")
            {
                continue;
            }

            if (name == "..")
            {
                if (names.Count > 0)
                {
                    parents.RemoveAt(names.Count);
                    names.RemoveAt(names.Count - 1);
                }

                continue;
            }

            var directory = parents[^1];
            var node = directory.Entries!.GetValueOrDefault(name);
            var isLast = pending.Count == 0;
            if (node is { LinkTarget: { } target } && (!isLast || followLast))
            {
                if (++links > MaxSymbolicLinks)
                {
                    return null;
                }

                if (target.StartsWith('/'))
                {
                    parents.RemoveRange(1, names.Count);
                    names.Clear();
                }

                PushComponents(pending, target);
                continue;
            }

            if (isLast)
            {
                return new Place(directory, name, node, Join(string.Join('/', names), name));
            }

            if (node?.Entries is null)
            {
                return null;
            }

            parents.Add(node);
            names.Add(name);
        }

        // The path ended in ".", ".." or a link to such: a directory that exists, without a name by which it could be replaced.
        return new Place(parents[^1], "", parents[^1], string.Join('/', names));
    }

    private static void PushComponents(Stack<string> pending, string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            pending.Push(parts[i]);
        }
    }

    private static string Join(string directory, string name) => directory.Length == 0 ? name : $"{directory}/{name}";

    /// <summary>Where a walk ended.</summary>
    /// <param name="Parent">The directory.</param>
    /// <param name="Name">The name in it; empty when the path leads to <paramref name="Parent"/> itself.</param>
    /// <param name="Node">What stands there; null when nothing does.</param>
    /// <param name="Path">The path without links.</param>
    private readonly record struct Place(InitramfsNode Parent, string Name, InitramfsNode? Node, string Path);
}
