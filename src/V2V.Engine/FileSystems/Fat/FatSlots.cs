namespace V2V.Engine.FileSystems.Fat;

/// <summary>The room for entries that a directory has: a chain of clusters, or the fixed place of a FAT12's or FAT16's root directory.</summary>
internal sealed class FatSlots
{
    private readonly FatVolume _volume;

    /// <summary>Null for the fixed root directory.</summary>
    private readonly FatChain? _chain;

    private FatSlots(FatVolume volume, uint directory, FatChain? chain)
    {
        _volume = volume;
        _chain = chain;
        Directory = directory;
    }

    /// <summary>First cluster of the directory; 0 for the root.</summary>
    public uint Directory { get; }

    public int Count => _chain is null ? _volume.Boot.RootEntries : (int)_chain.Count * PerCluster;

    public FatWidth Width => _volume.Boot.Width;

    private int PerCluster => _volume.Boot.ClusterSize / FatDirectoryEntry.Size;

    public static FatSlots Open(FatVolume volume, uint directory)
    {
        var boot = volume.Boot;
        if (directory == 0 && boot.Width != FatWidth.Fat32)
        {
            return new FatSlots(volume, 0, null);
        }

        var limit = Math.Max(1, FatListing.MaxSlots * FatDirectoryEntry.Size / boot.ClusterSize);
        var first = directory == 0 ? boot.RootCluster : directory;
        var chain = FatChain.Read(volume.Table, first, limit + 1);
        return chain.Count <= limit
            ? new FatSlots(volume, directory, chain)
            : throw FatErrors.Corrupt($"the directory in cluster {first} goes on after {limit} clusters.", boot.OffsetOf(first));
    }

    /// <summary>All entries of the sector that begins with this one.</summary>
    public byte[] ReadSector(int slot)
    {
        var raw = new byte[_volume.Boot.SectorSize];
        _volume.Cache.Read(Locate(slot), raw);
        return raw;
    }

    public void Read(int slot, Span<byte> raw) => _volume.Cache.Read(Locate(slot), raw);

    public void Write(int slot, ReadOnlySpan<byte> raw) => _volume.Cache.Write(Locate(slot), raw);

    /// <summary>Where an entry stands on the volume.</summary>
    public long Locate(int slot) => _chain is null
        ? _volume.Boot.RootOffset + ((long)slot * FatDirectoryEntry.Size)
        : _volume.Boot.OffsetOf(_chain.Find((uint)(slot / PerCluster)).Start) + (slot % PerCluster * FatDirectoryEntry.Size);

    /// <summary>Makes room for so many entries in all.</summary>
    /// <exception cref="GuestFileSystemException">The root directory or the volume is full, or the directory too long.</exception>
    public void Grow(int count)
    {
        if (count <= Count)
        {
            return;
        }

        if (_chain is null || count > FatListing.MaxSlots)
        {
            throw FatErrors.Full($"The {(_chain is null ? "root " : "")}directory has no room for more than {(_chain is null ? Count : FatListing.MaxSlots)} entries.");
        }

        var zeros = new byte[_volume.Boot.ClusterSize];
        foreach (var run in _volume.Table.Allocate((count - Count + PerCluster - 1) / PerCluster, _chain.Last))
        {
            _chain.Add(run);
            for (var cluster = run.Start; cluster < run.End; cluster++)
            {
                _volume.Cache.Write(_volume.Boot.OffsetOf(cluster), zeros);
            }
        }
    }
}
