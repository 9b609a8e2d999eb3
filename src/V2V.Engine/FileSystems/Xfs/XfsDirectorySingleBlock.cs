namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A directory of one block, which holds the entries and the hashes of their names.</summary>
internal sealed class XfsDirectorySingleBlock(XfsFork fork, XfsDirectoryLayout layout) : XfsDirectoryBlocks(fork, layout)
{
    protected override List<uint> FindAddresses(uint hash)
    {
        var addresses = new List<uint>();
        ReadData(0).Hashes.Find(hash, addresses);
        return addresses;
    }
}
