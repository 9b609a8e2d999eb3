using System.Collections;

namespace V2V.Engine.FileSystems.Fat;

/// <summary>
/// Whether every file and directory has the clusters that it needs, and no two share one. FAT has no journal, and a system partition is often
/// marked as not unmounted cleanly (in the boot sector and the table's second entry) without being damaged; so the mark is left as it is and
/// believed neither way, and this is looked at before anything is changed or called free.
/// </summary>
internal static class FatConsistency
{
    /// <summary>What is wrong; null when nothing is. Clusters that belong to no file are no harm.</summary>
    public static GuestFileSystemException? FindFault(FatVolume volume)
    {
        try
        {
            var used = new BitArray((int)volume.Boot.MaxCluster + 1);
            if (volume.Boot.RootCluster is not 0 and var root)
            {
                Claim(volume, used, root, "the root directory");
            }

            var pending = new Stack<uint>([0]);
            while (pending.TryPop(out var directory))
            {
                // Not remembered: a large volume has more directories than are worth keeping.
                foreach (var file in FatListing.Read(volume, directory).Files)
                {
                    if (file.IsDirectory || file.Cluster != 0)
                    {
                        Claim(volume, used, file.Cluster, file.Name);
                    }

                    if (file.IsDirectory)
                    {
                        pending.Push(file.Cluster);
                    }
                    else
                    {
                        volume.ChainOf(file);
                    }
                }
            }

            return null;
        }
        catch (GuestFileSystemException e)
        {
            return e;
        }
    }

    private static void Claim(FatVolume volume, BitArray used, uint first, string owner)
    {
        if (!volume.Table.IsCluster(first))
        {
            throw FatErrors.Corrupt($"{owner} begins in cluster {first}, of {volume.Boot.ClusterCount} clusters.");
        }

        for (uint? next = first; next is { } cluster; next = volume.Table.Next(cluster))
        {
            if (used[(int)cluster])
            {
                throw FatErrors.Corrupt($"{owner} has cluster {cluster}, which belongs to another file too.", volume.Boot.OffsetOf(cluster));
            }

            used[(int)cluster] = true;
        }
    }
}
