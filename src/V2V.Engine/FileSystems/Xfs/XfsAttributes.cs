namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// The extended attributes of one inode ("XFS Algorithms &amp; Data Structures", chapter Extended Attributes), under their full names and, for
/// ACLs, in the form of the attribute interface: within the inode, in a leaf, or in a hash tree of leaves.
/// </summary>
/// <param name="fork">The attribute fork.</param>
internal sealed class XfsAttributes(XfsFork fork)
{
    /// <summary>Blocks of an attribute fork are numbered with 32 bits.</summary>
    private const uint End = uint.MaxValue;

    private readonly XfsDaTree _tree = new(fork, 0, End, 1, XfsDaBlockKind.AttributeLeaf);

    /// <summary>Every attribute that is shown to users.</summary>
    public IEnumerable<(string Name, byte[] Value)> All()
    {
        foreach (var attribute in Stored())
        {
            if (XfsAttributeNames.Join(attribute.Flags, attribute.Name) is { } name)
            {
                yield return (name, Show(name, attribute));
            }
        }
    }

    /// <summary>The value of an attribute, or null.</summary>
    public byte[]? Get(string name, string path)
    {
        var (space, stored) = XfsAttributeNames.Split(name, path);
        var attribute = fork.Format == XfsForkFormat.Local
            ? XfsAttributeShortForm.Parse(fork).Find(a => a.Is(space, stored))
            : Locate(space, stored)?.Attribute;
        return attribute is null ? null : Show(name, attribute);
    }

    private static bool IsAcl(string name) => name is PosixAcl.AccessName or PosixAcl.DefaultName;

    private byte[] Show(string name, XfsAttribute attribute)
    {
        var value = attribute.IsLocal ? attribute.Value : XfsAttributeRemote.Read(fork, attribute.RemoteBlock, attribute.RemoteLength);
        return IsAcl(name) ? XfsAcl.FromDisk(value) : value;
    }

    private IEnumerable<XfsAttribute> Stored()
    {
        if (fork.Format == XfsForkFormat.Local)
        {
            return XfsAttributeShortForm.Parse(fork);
        }

        // A fork without blocks is one from which the last attribute was just removed.
        return fork.Mapped(0).Any() ? InLeaves() : [];
    }

    private IEnumerable<XfsAttribute> InLeaves()
    {
        var path = _tree.Find(0);
        do
        {
            foreach (var attribute in ReadLeaf(path.Leaf).Attributes)
            {
                yield return attribute;
            }
        }
        while (_tree.MoveNext(path));
    }

    /// <summary>An attribute in a leaf, and the way there. Equal hashes may go on in the next leaf.</summary>
    private (XfsDaPath Path, XfsAttribute Attribute)? Locate(XfsAttributeFlags space, byte[] name)
    {
        if (!fork.Mapped(0).Any())
        {
            return null;
        }

        var hash = XfsDaHash.Compute(name);
        var path = _tree.Find(hash);
        do
        {
            var attributes = ReadLeaf(path.Leaf).Attributes;
            if (attributes.Find(a => a.Hash == hash && a.Is(space, name)) is { } found)
            {
                return (path, found);
            }

            if (attributes.Count > 0 && attributes[^1].Hash > hash)
            {
                return null;
            }
        }
        while (_tree.MoveNext(path));
        return null;
    }

    private XfsAttributeLeaf ReadLeaf(uint block) => new(fork, block, _tree.Read(block));
}
