using System.Buffers;
using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>A hosted sparse extent: grains found through tables, plain or compressed one by one.</summary>
internal sealed class VmdkSparseExtent : MappedDevice
{
    // Read together with the marker that tells the size: most compressed grains are smaller.
    private const int FirstRead = 32 << 10;

    private readonly VmdkSparseHeader _header;
    private readonly VmdkGrainDirectory _directory;

    /// <param name="file">The extent's file; disposed with the extent.</param>
    /// <param name="header">Its header.</param>
    /// <param name="length">Size that the descriptor gives it.</param>
    /// <param name="parent">The disk of which this one is a snapshot.</param>
    /// <param name="parentOffset">Where the extent begins on that disk.</param>
    /// <param name="cacheSize">Bytes of grain tables that are kept.</param>
    public VmdkSparseExtent(DiskFile file, VmdkSparseHeader header, long length, BlockDevice? parent, long parentOffset, int cacheSize)
        : base(file, length, parent, parentOffset)
    {
        _header = header;
        _directory = new VmdkGrainDirectory(file, header, cacheSize);
    }

    protected override MappedRun Map(long offset)
    {
        int table = (int)(offset / _header.TableCoverage);
        if (_directory.IsUnallocated(table))
        {
            return Run(MappedKind.Unallocated, table * _header.TableCoverage, _header.TableCoverage);
        }

        long start = offset & -(long)_header.GrainSize;
        uint entry = _directory.Entry(table, (int)(offset % _header.TableCoverage / _header.GrainSize));
        switch (entry)
        {
            case VmdkGrainDirectory.Unallocated:
                return Run(MappedKind.Unallocated, start, _header.GrainSize);
            case VmdkGrainDirectory.ZeroedGrain:
                return Run(MappedKind.Zero, start, _header.GrainSize);
        }

        MappedRun run = Run(
            _header.IsCompressed ? MappedKind.Compressed : MappedKind.Data, start, _header.GrainSize, (long)entry * VmdkSparseHeader.SectorSize);
        if (!_header.IsCompressed && run.FileOffset > File.Length - run.Length)
        {
            throw ImageFault.Corrupt(
                File, VmdkDisk.Format, run.FileOffset, $"the grain for byte {start} of the disk reaches beyond the file's end at {File.Length}.");
        }

        return run;
    }

    protected override void Inflate(in MappedRun run, Span<byte> unit)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstRead);
        try
        {
            int available = (int)Math.Min(FirstRead, File.Length - run.FileOffset);
            if (available < VmdkMarker.GrainHeaderSize)
            {
                throw ImageFault.Corrupt(File, VmdkDisk.Format, run.FileOffset, "the file ends before the grain that is noted there.");
            }

            File.Read(run.FileOffset, buffer.AsSpan(0, available));
            int size = CheckMarker(run, VmdkMarker.Parse(buffer.AsSpan(0, VmdkMarker.GrainHeaderSize)));
            int total = VmdkMarker.GrainHeaderSize + size;
            if (total > available)
            {
                if (total > buffer.Length)
                {
                    byte[] larger = ArrayPool<byte>.Shared.Rent(total);
                    buffer.AsSpan(0, available).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                File.Read(run.FileOffset + available, buffer.AsSpan(available, total - available));
            }

            Inflater.Zlib(buffer, VmdkMarker.GrainHeaderSize, size, unit);
        }
        catch (InvalidDataException e)
        {
            throw ImageFault.Corrupt(File, VmdkDisk.Format, run.FileOffset, $"the grain for byte {run.Start} of the disk cannot be inflated: {e.Message}", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Returns the size of the compressed data, which is bounded: deflate grows what it cannot shrink by far less than half.</summary>
    private int CheckMarker(in MappedRun run, VmdkMarker marker)
    {
        if (marker.Value != (ulong)(run.Start / VmdkSparseHeader.SectorSize))
        {
            throw ImageFault.Corrupt(
                File, VmdkDisk.Format, run.FileOffset,
                $"the grain there is marked as the one for sector {marker.Value}, but sector {run.Start / VmdkSparseHeader.SectorSize} is looked for.");
        }

        if (marker.Size == 0 || marker.Size > 2L * _header.GrainSize || run.FileOffset + VmdkMarker.GrainHeaderSize + marker.Size > File.Length)
        {
            throw ImageFault.Corrupt(File, VmdkDisk.Format, run.FileOffset, $"a compressed grain of {marker.Size} bytes is not possible there.");
        }

        return (int)marker.Size;
    }
}
