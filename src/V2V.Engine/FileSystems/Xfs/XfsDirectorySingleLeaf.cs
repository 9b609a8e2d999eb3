namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A directory with data blocks and one leaf.</summary>
internal sealed class XfsDirectorySingleLeaf(XfsFork fork, XfsDirectoryLayout layout, XfsBuffer leaf) : XfsDirectoryBlocks(fork, layout)
{
    private readonly XfsDirectoryLeaf _leaf = new(fork, layout.LeafStart, leaf, XfsDaBlockKind.DirectorySingleLeaf);

    protected override List<uint> FindAddresses(uint hash)
    {
        var addresses = new List<uint>();
        _leaf.Hashes.Find(hash, addresses);
        return addresses;
    }
}
