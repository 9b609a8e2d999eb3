namespace V2V.Engine.FileSystems.Xfs;

/// <summary>What is left to do when all transactions are replayed: announced changes, counters, files that were deleted while open.</summary>
internal sealed class XfsLogFinish(XfsVolume volume)
{
    /// <summary>Blocks freed for a file whose name the log does not tell; any owner's mapping of them goes.</summary>
    private const int FreeExtentsOffset = 16;
    private const int FreeExtentSize = 16;
    private const int FreeExtentSize32 = 12;

    private const int OwnerExtentSize = 32;
    private const int RefcountExtentSize = 16;

    /// <summary>me_flags and pe_flags: the lower byte says what is to be done.</summary>
    private const uint TypeMask = 0xFF;
    private const uint OwnerAdd = 1;
    private const uint OwnerAddShared = 2;
    private const uint OwnerRemove = 3;
    private const uint OwnerRemoveShared = 4;
    private const uint RefcountDecrease = 2;

    private const uint AttributeForkFlag = 1U << 31;
    private const uint BMapBlockFlag = 1U << 30;
    private const uint UnwrittenFlag = 1U << 29;

    private XfsSuperblock Superblock => volume.Superblock;

    public void Run(XfsLogIntents intents)
    {
        Recount();
        foreach (var intent in intents.Open)
        {
            switch (intent.Type)
            {
                case XfsLogItemType.FreeIntent:
                    Free(intent);
                    break;
                case XfsLogItemType.OwnerIntent:
                    ChangeOwners(intent);
                    break;
                case XfsLogItemType.RefcountIntent:
                    Decrease(intent);
                    break;
                default:
                    throw XfsLogReplay.Refuse($"a change of the kind {intent.Type} was interrupted");
            }
        }

        for (var number = 0u; number < Superblock.AgCount; number++)
        {
            DeleteUnlinked(volume.Ag(number));
        }

        volume.InvalidateQuotas();
        volume.ClearLogFeatures();
    }

    /// <summary>With lazy counters the superblock's are only right after a clean unmount (xfs_initialize_perag_data).</summary>
    private void Recount()
    {
        var (inodes, freeInodes, freeBlocks) = (0UL, 0UL, 0UL);
        for (var number = 0u; number < Superblock.AgCount; number++)
        {
            var (agf, agi) = (volume.Ag(number).Agf, volume.Ag(number).Agi);
            inodes += agi.Count;
            freeInodes += agi.FreeCount;
            freeBlocks += (ulong)agf.FreeBlocks + agf.FreeListCount + agf.BTreeBlocks;
        }

        volume.InodeCount = inodes;
        volume.FreeInodes = freeInodes;
        volume.FreeBlocks = freeBlocks;
    }

    private void Free(XfsLogItem intent)
    {
        var count = intent.U32(4);
        var size = intent.Format.Length == FreeExtentsOffset + count * FreeExtentSize32 ? FreeExtentSize32 : FreeExtentSize;
        for (var i = 0u; i < count; i++)
        {
            var at = FreeExtentsOffset + (int)i * size;
            volume.Allocator.FreeOfAnyOwner(intent.U64(at), intent.U32(at + 8));
        }
    }

    private void ChangeOwners(XfsLogItem intent)
    {
        for (var i = 0u; i < intent.U32(4); i++)
        {
            var at = FreeExtentsOffset + (int)i * OwnerExtentSize;
            var (block, count, flags) = (intent.U64(at + 8), intent.U32(at + 24), intent.U32(at + 28));
            Superblock.CheckBlocks(block, count, "the log");
            var offset = intent.U64(at + 16)
                | ((flags & AttributeForkFlag) != 0 ? XfsReverseMapping.AttributeForkFlag : 0)
                | ((flags & BMapBlockFlag) != 0 ? XfsReverseMapping.BMapBlockFlag : 0)
                | ((flags & UnwrittenFlag) != 0 ? XfsReverseMapping.UnwrittenFlag : 0);
            var owner = new XfsReverseMapping(0, 0, intent.U64(at), offset);
            switch (flags & TypeMask)
            {
                case OwnerAdd or OwnerAddShared:
                    volume.Allocator.AddOwner(block, count, owner);
                    break;
                case OwnerRemove or OwnerRemoveShared:
                    volume.Allocator.RemoveOwner(block, count, owner);
                    break;
                default:
                    throw XfsLogReplay.Refuse("a change of owners was interrupted");
            }
        }
    }

    private void Decrease(XfsLogItem intent)
    {
        for (var i = 0u; i < intent.U32(4); i++)
        {
            var at = FreeExtentsOffset + (int)i * RefcountExtentSize;
            if ((intent.U32(at + 12) & TypeMask) != RefcountDecrease)
            {
                throw XfsLogReplay.Refuse("a change of reference counts was interrupted");
            }

            volume.Allocator.DropShared(intent.U64(at), intent.U32(at + 8));
        }
    }

    /// <summary>Files without a name stand in lists that begin in the AGI (xlog_recover_process_iunlinks).</summary>
    private void DeleteUnlinked(XfsAg ag)
    {
        for (var bucket = 0; bucket < XfsAgi.UnlinkedBuckets; bucket++)
        {
            var next = ag.Agi.GetUnlinked(bucket);
            for (var walked = 0u; next != XfsAgi.NoInode; walked++)
            {
                var inode = volume.Inodes.Get((ulong)ag.Number << Superblock.AgInodeLog | next);
                if (walked > ag.Agi.Count || inode.Mode == 0 || inode.LinksCount != 0)
                {
                    throw XfsErrors.Corrupt($"the list of unlinked inodes of allocation group {ag.Number} holds inode {inode.Number}, which is none.");
                }

                next = inode.NextUnlinked;
                volume.Delete(inode);
            }

            if (ag.Agi.GetUnlinked(bucket) != XfsAgi.NoInode)
            {
                ag.Agi.SetUnlinked(bucket, XfsAgi.NoInode);
            }
        }
    }
}
