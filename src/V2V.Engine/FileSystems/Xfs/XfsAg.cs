namespace V2V.Engine.FileSystems.Xfs;

/// <summary>One allocation group: its three headers, which are examined when they are first read.</summary>
internal sealed class XfsAg(XfsVolume volume, uint number)
{
    private bool _isAgfChecked;
    private bool _isAgiChecked;
    private bool _isAgflChecked;

    public uint Number => number;

    public XfsVolume Volume => volume;

    /// <summary>Blocks in this group.</summary>
    public uint Length => volume.Superblock.AgLength(number);

    /// <summary>Free space: counters and the roots of its B-trees.</summary>
    public XfsAgf Agf
    {
        get
        {
            var agf = new XfsAgf(ReadHeader(XfsAgf.Sector, XfsAgf.ChecksumOffset));
            if (!_isAgfChecked)
            {
                agf.Check(this);
                _isAgfChecked = true;
            }

            return agf;
        }
    }

    /// <summary>Inodes: counters and the roots of their B-trees.</summary>
    public XfsAgi Agi
    {
        get
        {
            var agi = new XfsAgi(ReadHeader(XfsAgi.Sector, XfsAgi.ChecksumOffset));
            if (!_isAgiChecked)
            {
                agi.Check(this);
                _isAgiChecked = true;
            }

            return agi;
        }
    }

    /// <summary>The list of blocks kept back for the free-space B-trees.</summary>
    public XfsAgfl Agfl
    {
        get
        {
            var agfl = new XfsAgfl(ReadHeader(XfsAgfl.Sector, XfsAgfl.ChecksumOffset), volume.Superblock.IsV5);
            if (!_isAgflChecked)
            {
                agfl.Check(this);
                _isAgflChecked = true;
            }

            return agfl;
        }
    }

    public XfsFreeList FreeList => new(this);

    public XfsFreeSpace FreeSpace => new(this);

    public XfsReverseMap ReverseMap => new(this);

    public XfsRefcounts Refcounts => new(this);

    public XfsInodeTrees InodeTrees => new(this);

    private XfsBuffer ReadHeader(int sector, int checksumOffset)
    {
        var superblock = volume.Superblock;
        return volume.Cache.Read(superblock.ByteOf(number, 0) + (long)sector * superblock.SectorSize, superblock.SectorSize, checksumOffset);
    }
}
