using System.Buffers.Binary;

namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>The reference counts of a finished image: blocks that count every cluster of the file, and the table that points to them.</summary>
internal static class Qcow2References
{
    /// <summary>Appends blocks and table, which count themselves too, so that nothing may be allocated afterwards.</summary>
    public static (long TableOffset, int TableClusters) Write(ImageFile file, Qcow2Allocator allocator)
    {
        var (blocks, tableClusters) = Qcow2Format.RefcountClusters(allocator.End >> Qcow2Format.ClusterBits);
        var firstBlock = allocator.AllocateAtEnd(blocks);
        var tableOffset = allocator.AllocateAtEnd(tableClusters);
        var clusters = allocator.End >> Qcow2Format.ClusterBits;

        var table = new byte[tableClusters * Qcow2Format.ClusterSize];
        var block = new byte[Qcow2Format.ClusterSize];
        var counts = new ushort[Qcow2Format.RefcountBlockEntries];
        for (long i = 0; i < blocks; i++)
        {
            var firstCluster = i * Qcow2Format.RefcountBlockEntries;
            var used = counts.AsSpan(0, (int)Math.Min(Qcow2Format.RefcountBlockEntries, clusters - firstCluster));
            allocator.GetReferences(firstCluster, used);
            block.AsSpan().Clear();
            for (var j = 0; j < used.Length; j++)
            {
                BinaryPrimitives.WriteUInt16BigEndian(block.AsSpan(j * sizeof(ushort)), used[j]);
            }

            var blockOffset = firstBlock + (i << Qcow2Format.ClusterBits);
            file.Write(blockOffset, block);
            BinaryPrimitives.WriteInt64BigEndian(table.AsSpan((int)i * sizeof(ulong)), blockOffset);
        }

        file.Write(tableOffset, table);
        return (tableOffset, (int)tableClusters);
    }
}
