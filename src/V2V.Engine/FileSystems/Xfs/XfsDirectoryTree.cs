namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A directory with data blocks, a tree of hashes over them, and an index of their free space.</summary>
internal sealed class XfsDirectoryTree : XfsDirectoryBlocks
{
    private readonly XfsDaTree _tree;

    public XfsDirectoryTree(XfsFork fork, XfsDirectoryLayout layout)
        : base(fork, layout) =>
        _tree = new XfsDaTree(fork, layout.LeafStart, layout.FreeStart, layout.BlockCount, XfsDaBlockKind.DirectoryLeaf);

    protected override List<uint> FindAddresses(uint hash)
    {
        var addresses = new List<uint>();
        var path = _tree.Find(hash);
        while (!ReadLeaf(path.Leaf).Hashes.Find(hash, addresses) && _tree.MoveNext(path))
        {
        }

        return addresses;
    }

    private XfsDirectoryLeaf ReadLeaf(uint block) => new(Fork, block, _tree.Read(block), XfsDaBlockKind.DirectoryLeaf);
}
