using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Fat;

/// <summary>What every part of the implementation shares: the device, its layout, the table, and the directories read last.</summary>
internal sealed class FatVolume
{
    /// <summary>Files in the directories that are kept as read.</summary>
    private const int MaxKnownFiles = 131_072;

    private readonly Dictionary<uint, FatListing> _listings = [];
    private int _knownFiles;
    private (FatFile File, FatChain Chain)? _lastChain;

    private FatVolume(WritableBlockDevice device, FatBootSector boot)
    {
        Device = device;
        Boot = boot;
        Cache = new FatCache(device, boot.SectorSize);
        Table = new FatTable(boot, Cache);
        if (ReadInfo() is { } info)
        {
            Table.NextFree = FatInfoSector.NextFree(info);
        }
    }

    public WritableBlockDevice Device { get; }

    public FatBootSector Boot { get; }

    public FatCache Cache { get; }

    public FatTable Table { get; }

    /// <exception cref="GuestFileSystemException">It is damaged, or of a kind that is not understood.</exception>
    public static FatVolume Open(WritableBlockDevice device)
    {
        Span<byte> raw = stackalloc byte[FatBootSector.Size];
        device.Read(0, raw);
        return new FatVolume(device, FatBootSector.Parse(raw, device.Length));
    }

    /// <param name="cluster">First cluster of a directory; 0 for the root.</param>
    public FatListing List(uint cluster)
    {
        if (!_listings.TryGetValue(cluster, out var listing))
        {
            listing = FatListing.Read(this, cluster);
            if (_knownFiles + listing.Files.Count > MaxKnownFiles)
            {
                ForgetAll();
            }

            _listings.Add(cluster, listing);
            _knownFiles += listing.Files.Count;
        }

        return listing;
    }

    public void Forget(uint cluster)
    {
        _lastChain = null;
        if (_listings.Remove(cluster, out var listing))
        {
            _knownFiles -= listing.Files.Count;
        }
    }

    public void ForgetAll()
    {
        _lastChain = null;
        _listings.Clear();
        _knownFiles = 0;
    }

    /// <summary>The clusters that hold a file's contents.</summary>
    /// <exception cref="GuestFileSystemException">There are fewer than its length needs.</exception>
    public FatChain ChainOf(FatFile file)
    {
        if (_lastChain is { } last && ReferenceEquals(last.File, file))
        {
            return last.Chain;
        }

        var needed = ClustersOf(file.Entry.Length);
        var chain = FatChain.Read(Table, needed == 0 ? 0 : file.Cluster, Math.Min(needed, Boot.ClusterCount));
        if (chain.Count < needed)
        {
            throw FatErrors.Corrupt($"{file.Name} is {file.Entry.Length} bytes long, and has {chain.Count} clusters of {Boot.ClusterSize} bytes.", file.Position);
        }

        _lastChain = (file, chain);
        return chain;
    }

    /// <summary>Number of clusters that hold so many bytes.</summary>
    public long ClustersOf(long bytes) => (bytes + Boot.ClusterSize - 1) / Boot.ClusterSize;

    /// <summary>Changes what an entry says, but not its name.</summary>
    public void Store(FatFile file, FatDirectoryEntry entry)
    {
        Span<byte> raw = stackalloc byte[FatDirectoryEntry.Size];
        Cache.Read(file.Position, raw);
        entry.WriteTo(raw, Boot.Width);
        Cache.Write(file.Position, raw);
        Forget(file.Directory);
    }

    public void UpdateInfo()
    {
        if (ReadInfo() is { } info)
        {
            FatInfoSector.Update(info, (uint)Table.FreeClusters, Table.NextFree);
            Cache.Write(Boot.InfoOffset!.Value, info);
        }
    }

    private byte[]? ReadInfo()
    {
        if (Boot.InfoOffset is not { } offset)
        {
            return null;
        }

        var raw = new byte[FatInfoSector.Size];
        Cache.Read(offset, raw);
        return FatInfoSector.IsValid(raw) ? raw : null;
    }
}
