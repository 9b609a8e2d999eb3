namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// The extended attributes of one inode ("XFS Algorithms &amp; Data Structures", chapter Extended Attributes), under their full names and, for
/// ACLs, in the form of the attribute interface. They stand within the inode as long as there is room, else in blocks.
/// </summary>
/// <param name="fork">The attribute fork.</param>
internal sealed class XfsAttributes(XfsFork fork)
{
    /// <summary>Bytes of the one extent that a leaf needs.</summary>
    private const int SmallestFork = 16;

    /// <summary>
    /// The most that the attributes of one inode are read to. The kernel lists 64 KiB of names at most, and values are rarely longer than names;
    /// damage can let thousands of names stand for one value.
    /// </summary>
    private const long MaxTotal = 64L << 20;

    private readonly XfsAttributeTree _tree = new(fork);

    /// <summary>There is no fork, an empty one, or one within the inode.</summary>
    private bool IsInline => fork.Format == XfsForkFormat.Local || !fork.Mapped(0).Any();

    /// <summary>Every attribute that is shown to users.</summary>
    public IEnumerable<(string Name, byte[] Value)> All()
    {
        var total = 0L;
        foreach (var attribute in IsInline ? XfsAttributeShortForm.Parse(fork) : _tree.All())
        {
            total += attribute.Name.Length + attribute.Value.Length + attribute.RemoteLength;
            if (total > MaxTotal)
            {
                throw XfsErrors.Unsupported(
                    $"The extended attributes of inode {fork.Owner} have more than {MaxTotal} bytes.", "Remove some of them in the source guest.");
            }

            if (XfsAttributeNames.Join(attribute.Flags, attribute.Name) is { } name)
            {
                yield return (name, Show(name, attribute));
            }
        }
    }

    /// <summary>The value of an attribute, or null.</summary>
    /// <param name="name">Full name.</param>
    /// <param name="path">Names the file in messages.</param>
    public byte[]? Get(string name, string path)
    {
        var (space, stored) = XfsAttributeNames.Split(name, path);
        var attribute = IsInline ? XfsAttributeShortForm.Parse(fork).Find(a => a.Is(space, stored)) : _tree.Find(space, stored);
        return attribute is null ? null : Show(name, attribute);
    }

    /// <summary>Sets an attribute.</summary>
    /// <param name="name">Full name.</param>
    /// <param name="value">At most 64 KiB; an ACL in the form of the attribute interface.</param>
    /// <param name="path">Names the file in messages.</param>
    /// <returns>False, with nothing changed, when what stands inline in the other fork leaves no room for this one; it has to move out first.</returns>
    public bool TrySet(string name, byte[] value, string path)
    {
        var (space, stored) = XfsAttributeNames.Split(name, path);
        if (IsAcl(name))
        {
            value = XfsAcl.ToDisk(value, fork.Geometry, path);
        }

        if (value.Length > XfsAttribute.MaxValueSize)
        {
            throw XfsErrors.Invalid(path, $"the value of an extended attribute has at most {XfsAttribute.MaxValueSize} bytes; this one has {value.Length}.");
        }

        var attribute = new XfsAttribute(space | XfsAttributeFlags.Local, stored, XfsDaHash.Compute(stored), value, 0, 0);
        if (!IsInline)
        {
            _tree.Remove(space, stored);
            _tree.Add(attribute);
            TryMoveInline();
            return true;
        }

        List<XfsAttribute> attributes = [.. XfsAttributeShortForm.Parse(fork).Where(a => !a.Is(space, stored)), attribute];
        if (XfsAttributeShortForm.SizeOf(attributes) is { } size && fork.TryReserveInline(size))
        {
            XfsAttributeShortForm.Save(fork, attributes);
            return true;
        }

        if (!fork.TryReserveInline(SmallestFork))
        {
            return false;
        }

        if (fork.Format == XfsForkFormat.Local)
        {
            fork.BecomeExtents();
        }

        _tree.Initialise();
        attributes.ForEach(_tree.Add);
        return true;
    }

    /// <summary>Removes an attribute; false when there is none of that name.</summary>
    /// <param name="name">Full name.</param>
    /// <param name="path">Names the file in messages.</param>
    public bool Remove(string name, string path)
    {
        var (space, stored) = XfsAttributeNames.Split(name, path);
        if (!IsInline)
        {
            var removed = _tree.Remove(space, stored);
            TryMoveInline();
            return removed;
        }

        var attributes = XfsAttributeShortForm.Parse(fork);
        if (attributes.RemoveAll(a => a.Is(space, stored)) == 0)
        {
            return false;
        }

        SaveInline(attributes);
        return true;
    }

    private static bool IsAcl(string name) => name is PosixAcl.AccessName or PosixAcl.DefaultName;

    private byte[] Show(string name, XfsAttribute attribute)
    {
        var value = attribute.IsLocal ? attribute.Value : XfsAttributeRemote.Read(fork, attribute.RemoteBlock, attribute.RemoteLength);
        return IsAcl(name) ? XfsAcl.FromDisk(value) : value;
    }

    /// <summary>Brings attributes in one leaf back into the inode, if there is room.</summary>
    private void TryMoveInline()
    {
        if (_tree.SingleLeaf is { } attributes && XfsAttributeShortForm.SizeOf(attributes) is { } size && size <= fork.InlineCapacity)
        {
            _tree.FreeSingleLeaf();
            SaveInline(attributes);
        }
    }

    private void SaveInline(List<XfsAttribute> attributes)
    {
        XfsAttributeShortForm.Save(fork, attributes);
        if (attributes.Count == 0)
        {
            fork.Remove();
        }
    }
}
