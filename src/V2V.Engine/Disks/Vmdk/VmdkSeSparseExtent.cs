using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>A space-efficient sparse extent: grains of 4 KiB, found through tables whose entries tell in their top bits what they stand for.</summary>
internal sealed class VmdkSeSparseExtent : MappedDevice
{
    private const long TableCoverage = (long)VmdkSeSparseHeader.GrainSize * VmdkSeSparseHeader.TableEntries;

    private const int TableSize = VmdkSeSparseHeader.TableEntries * sizeof(ulong);

    private const ulong AllocatedTable = 0x10000000;

    private enum GrainState : byte
    {
        Unallocated = 0,
        Unmapped = 1,
        Zero = 2,
        Allocated = 3,
    }

    private readonly VmdkSeSparseHeader _header;
    private readonly ulong[] _directory;
    private readonly TableCache<ulong> _tables;

    /// <param name="file">The extent's file; disposed with the extent.</param>
    /// <param name="header">Its header.</param>
    /// <param name="length">Size that the descriptor gives it.</param>
    /// <param name="parent">The disk of which this one is a snapshot.</param>
    /// <param name="parentOffset">Where the extent begins on that disk.</param>
    /// <param name="cacheSize">Bytes of grain tables that are kept.</param>
    public VmdkSeSparseExtent(DiskFile file, VmdkSeSparseHeader header, long length, BlockDevice? parent, long parentOffset, int cacheSize)
        : base(file, length, parent, parentOffset)
    {
        _header = header;
        _directory = MappingTable.ReadUInt64(file, header.Directory, header.DirectoryEntries);
        _tables = new TableCache<ulong>(cacheSize / TableSize, LoadTable);
    }

    protected override MappedRun Map(long offset)
    {
        int table = (int)(offset / TableCoverage);
        if (_directory[table] == 0)
        {
            return Run(MappedKind.Unallocated, table * TableCoverage, TableCoverage, 0);
        }

        long start = offset & -VmdkSeSparseHeader.GrainSize;
        ulong entry = _tables[table][offset % TableCoverage / VmdkSeSparseHeader.GrainSize];
        switch ((GrainState)(entry >> 60))
        {
            case GrainState.Unallocated:
                return Run(MappedKind.Unallocated, start, VmdkSeSparseHeader.GrainSize, 0);
            case GrainState.Unmapped or GrainState.Zero:
                return Run(MappedKind.Zero, start, VmdkSeSparseHeader.GrainSize, 0);
            case GrainState.Allocated:
                // The grain's number has its low twelve bits above the high ones.
                ulong grain = ((entry >> 48) & 0xFFF) | ((entry & 0xFFFFFFFFFFFF) << 12);
                if (grain > (ulong)(File.Length - _header.Grains) / VmdkSeSparseHeader.GrainSize)
                {
                    throw ImageFault.Corrupt(
                        File, VmdkDisk.Format, null, $"the grain for byte {start} of the disk, number {grain}, lies beyond the file's end at {File.Length}.");
                }

                MappedRun run = Run(MappedKind.Data, start, VmdkSeSparseHeader.GrainSize, _header.Grains + ((long)grain * VmdkSeSparseHeader.GrainSize));
                return run.FileOffset <= File.Length - run.Length
                    ? run
                    : throw ImageFault.Corrupt(File, VmdkDisk.Format, run.FileOffset, $"the grain for byte {start} of the disk reaches beyond the file's end at {File.Length}.");
            default:
                throw ImageFault.Corrupt(File, VmdkDisk.Format, null, $"the grain for byte {start} of the disk is in a state that is not known ({entry >> 60}).");
        }
    }

    private ulong[] LoadTable(int table)
    {
        ulong entry = _directory[table];
        if (entry >> 32 != AllocatedTable)
        {
            throw ImageFault.Corrupt(File, VmdkDisk.Format, _header.Directory + (table * sizeof(ulong)), $"the entry of grain table {table} is not possible: 0x{entry:x16}.");
        }

        return MappingTable.ReadUInt64(File, _header.Tables + ((long)(entry & 0xFFFFFFFF) * VmdkSeSparseHeader.TableEntries * sizeof(ulong)), VmdkSeSparseHeader.TableEntries);
    }
}
