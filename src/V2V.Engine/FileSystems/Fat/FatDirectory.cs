using System.Text;

namespace V2V.Engine.FileSystems.Fat;

/// <summary>Changes a directory: names come and go.</summary>
internal sealed class FatDirectory(FatVolume volume, uint cluster)
{
    private const int DotDotSlot = 1;

    /// <summary>Allocates the cluster of a new directory, with nothing but "." and ".." in it.</summary>
    /// <returns>Its number.</returns>
    public static uint Create(FatVolume volume, uint parent, FatDirectoryEntry entry)
    {
        var cluster = volume.Table.Allocate(1, 0)[0].Start;
        var raw = new byte[volume.Boot.ClusterSize];
        ".          "u8.CopyTo(raw);
        (entry with { FirstCluster = cluster }).WriteTo(raw, volume.Boot.Width);
        var dotDot = raw.AsSpan(FatDirectoryEntry.Size);
        "..         "u8.CopyTo(dotDot);
        (entry with { FirstCluster = parent }).WriteTo(dotDot, volume.Boot.Width);
        volume.Cache.Write(volume.Boot.OffsetOf(cluster), raw);
        return cluster;
    }

    /// <summary>Adds a file under a name that is valid and new.</summary>
    public void Add(string name, FatDirectoryEntry entry)
    {
        var listing = volume.List(cluster);
        var (shortName, isWhole) = FatShortName.Create(name, listing.ShortNames);
        var parts = isWhole ? 0 : FatLongName.PartsOf(name);
        var raw = new byte[(parts + 1) * FatDirectoryEntry.Size];
        var last = raw.AsSpan(parts * FatDirectoryEntry.Size);
        Encoding.ASCII.GetBytes(shortName, last);
        entry.WriteTo(last, volume.Boot.Width);
        FatLongName.Write(isWhole ? "" : name, FatShortName.Checksum(last), raw);

        var first = FindRoom(listing, parts + 1);
        var end = first + parts + 1;
        listing.Slots.Grow(end);
        for (var i = 0; i <= parts; i++)
        {
            listing.Slots.Write(first + i, raw.AsSpan(i * FatDirectoryEntry.Size, FatDirectoryEntry.Size));
        }

        // What follows the last entry need not be zero, so the end has to be marked again.
        if (end > listing.End && end < listing.Slots.Count)
        {
            listing.Slots.Write(end, [FatDirectoryEntry.EndOfDirectory]);
        }

        listing.Insert(new FatFile(name, shortName, FatShortName.Decode(last), entry, cluster, first, parts + 1, listing.Slots.Locate(end - 1)));
    }

    /// <summary>Takes a name away. Its clusters are the caller's.</summary>
    public void Remove(FatFile file)
    {
        var slots = volume.List(cluster).Slots;
        for (var i = 0; i < file.Slots; i++)
        {
            slots.Write(file.FirstSlot + i, [FatDirectoryEntry.Deleted]);
        }

        volume.Forget(cluster);
    }

    /// <summary>Brings ".." up to date after this directory was moved.</summary>
    public void SetParent(uint parent)
    {
        Span<byte> raw = stackalloc byte[FatDirectoryEntry.Size];
        var slots = volume.List(cluster).Slots;
        slots.Read(DotDotSlot, raw);
        if (!FatShortName.IsDots(raw))
        {
            throw FatErrors.Corrupt($"the directory in cluster {cluster} does not begin with \".\" and \"..\".", slots.Locate(DotDotSlot));
        }

        (FatDirectoryEntry.Parse(raw, volume.Boot.Width) with { FirstCluster = parent }).WriteTo(raw, volume.Boot.Width);
        slots.Write(DotDotSlot, raw);
    }

    /// <summary>The first of enough free entries in a row; the last of them may have to be made.</summary>
    private static int FindRoom(FatListing listing, int count)
    {
        var free = 0;
        ReadOnlySpan<byte> sector = [];
        for (var slot = 0; slot < listing.End; slot++)
        {
            sector = sector.IsEmpty ? listing.Slots.ReadSector(slot) : sector;
            free = sector[0] == FatDirectoryEntry.Deleted ? free + 1 : 0;
            sector = sector[FatDirectoryEntry.Size..];
            if (free == count)
            {
                return slot + 1 - count;
            }
        }

        return listing.End - free;
    }
}
