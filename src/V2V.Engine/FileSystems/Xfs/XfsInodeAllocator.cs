using System.Security.Cryptography;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>Finds a place for new inodes: a free one, else in a new chunk of 64, else (sparse inodes) in a part of one.</summary>
internal sealed class XfsInodeAllocator(XfsVolume volume)
{
    private static readonly XfsReverseMapping s_owner = new(0, 0, XfsReverseMapping.OwnerInodes, 0);

    private XfsSuperblock Superblock => volume.Superblock;

    /// <summary>Inodes that are made at once: a chunk, or the several chunks that one large block holds.</summary>
    private uint ChunkInodes => Math.Max((uint)XfsInodeChunk.Inodes, 1u << Superblock.InodesPerBlockLog);

    private uint ChunkBlocks => ChunkInodes >> Superblock.InodesPerBlockLog;

    /// <summary>Allocates an inode near the directory that it is for.</summary>
    /// <exception cref="GuestFileSystemException">The file system is full.</exception>
    public ulong Allocate(ulong parent)
    {
        var first = (uint)(parent >> Superblock.AgInodeLog);
        var near = (uint)(parent & ((1UL << Superblock.AgInodeLog) - 1));
        for (var attempt = 0; attempt < 3; attempt++)
        {
            for (var i = 0u; i < Superblock.AgCount; i++)
            {
                var ag = volume.Ag((first + i) % Superblock.AgCount);
                var isReady = attempt switch { 0 => i == 0, 1 => MayGrow() && (ag.Agi.FreeCount > 0 || TryAddChunk(ag)), _ => ag.Agi.FreeCount > 0 || (MayGrow() && TryAddPart(ag)) };
                if (isReady && ag.InodeTrees.Take(i == 0 ? near : 0) is { } inode)
                {
                    return (ulong)ag.Number << Superblock.AgInodeLog | inode;
                }
            }
        }

        throw XfsErrors.Full("The XFS file system has no room for another inode.");
    }

    public void Free(ulong inode) =>
        volume.Ag((uint)(inode >> Superblock.AgInodeLog)).InodeTrees.Put((uint)(inode & ((1UL << Superblock.AgInodeLog) - 1)));

    /// <summary>Inodes may take up a percentage of the volume.</summary>
    private bool MayGrow() =>
        Superblock.MaxInodePercent == 0
        || volume.InodeCount + ChunkInodes <= (Superblock.DataBlocks * Superblock.MaxInodePercent / 100) << Superblock.InodesPerBlockLog;

    private bool TryAddChunk(XfsAg ag)
    {
        var alignment = Math.Max(1, Superblock.InodeAlignment);
        if (volume.Allocator.AllocateInGroup(ag, ChunkBlocks, alignment, 0, ag.Length, s_owner) is not { } block)
        {
            return false;
        }

        Initialise(ag, block, ChunkBlocks);
        for (var i = 0u; i < ChunkInodes; i += XfsInodeChunk.Inodes)
        {
            ag.InodeTrees.Add(XfsInodeChunk.AllFree((block << Superblock.InodesPerBlockLog) + i));
        }

        return true;
    }

    /// <summary>Where no room for a whole chunk is left, a few blocks of one do (xfs_ialloc_ag_alloc).</summary>
    private bool TryAddPart(XfsAg ag)
    {
        var (count, alignment) = (Superblock.SparseInodeAlignment, Superblock.InodeAlignment);
        if (!Superblock.HasSparseInodes || count == 0 || alignment < ChunkBlocks || ChunkInodes != XfsInodeChunk.Inodes || count >= ChunkBlocks)
        {
            return false;
        }

        var highest = ag.Length / alignment * alignment;
        if (volume.Allocator.AllocateInGroup(ag, count, count, alignment, highest, s_owner) is not { } block)
        {
            return false;
        }

        Initialise(ag, block, count);
        var chunkBlock = block / alignment * alignment;
        var (from, inodes) = ((int)(block - chunkBlock) << Superblock.InodesPerBlockLog, (int)count << Superblock.InodesPerBlockLog);
        var present = ((1u << (inodes / XfsInodeChunk.InodesPerHoleBit)) - 1) << (from / XfsInodeChunk.InodesPerHoleBit);
        ag.InodeTrees.Add(new XfsInodeChunk(chunkBlock << Superblock.InodesPerBlockLog, (ushort)~present, inodes, inodes, ulong.MaxValue));
        return true;
    }

    private void Initialise(XfsAg ag, uint block, uint count)
    {
        var generation = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint)));
        for (var i = 0u; i < count; i++)
        {
            var buffer = volume.Cache.Create(Superblock.ByteOf(ag.Number, block + i), Superblock.BlockSize, checksumOffset: null);
            for (var slot = 0u; slot < 1u << Superblock.InodesPerBlockLog; slot++)
            {
                var number = (ulong)ag.Number << Superblock.AgInodeLog | ((block + i) << Superblock.InodesPerBlockLog) + slot;
                XfsInode.CreateFree(Superblock, number, generation).CopyTo(buffer.Data.AsSpan((int)slot << Superblock.InodeLog));
            }
        }
    }
}
