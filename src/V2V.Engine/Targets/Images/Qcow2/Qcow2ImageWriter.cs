using V2V.Engine.Disks;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>
/// Writes a qcow2 image. Data goes to the end of the file as it comes; tables follow, and the header, by which the file becomes an image,
/// is written last. Guest clusters that are written together stay together in the file.
/// </summary>
internal sealed class Qcow2ImageWriter : ImageWriter
{
    private readonly ImageFile _file;
    private readonly long _capacity;
    private readonly ImageCompression _compression;
    private readonly Qcow2Allocator _allocator = new();
    private readonly Qcow2L2Tables _tables;
    private readonly ClusterPackerPool? _packers;

    public Qcow2ImageWriter(ImageFile file, long capacity, ImageCompression compression, TakenCopy? taken = null)
    {
        _file = file;
        _capacity = capacity;
        _compression = compression;
        _tables = new Qcow2L2Tables(file, _allocator, Qcow2Format.L1EntriesFor(capacity));
        _packers = compression == ImageCompression.None ? null : new ClusterPackerPool(compression);
        if (taken is not null)
        {
            TakeOver(taken);
        }
    }

    public override int Granularity => Qcow2Format.ClusterSize;

    public override long BytesWritten => _file.BytesWritten;

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length, _capacity);
        if (data.IsEmpty)
        {
            return;
        }

        if (_packers is null)
        {
            Place(offset, data);
            return;
        }

        var packer = _packers.Rent();
        try
        {
            WriteCompressed(offset, data, packer);
        }
        finally
        {
            _packers.Return(packer);
        }
    }

    internal override bool TryClone(long offset, in StoredRun source)
    {
        CheckRange(offset, source.Length, _capacity);
        if (_packers is not null)
        {
            return false;
        }

        var (first, count) = Clusters(offset, source.Length);
        var host = _allocator.AllocateClusters(count);
        if (!_file.TryClone(Place(host, offset), source))
        {
            _allocator.Release(host, count);
            return false;
        }

        _tables.MapClusters(first, count, host);
        return true;
    }

    public override void Complete()
    {
        var l1Entries = Qcow2Format.L1EntriesFor(_capacity);
        var l1Offset = _allocator.AllocateClusters(Qcow2Format.ClustersFor((long)l1Entries * sizeof(ulong)));
        _tables.WriteTo(l1Offset);
        var (refcountTableOffset, refcountTableClusters) = Qcow2References.Write(_file, _allocator);

        Span<byte> header = stackalloc byte[Qcow2ImageHeader.Size];
        new Qcow2ImageHeader
        {
            VirtualSize = Qcow2Format.VirtualSize(_capacity),
            L1Entries = l1Entries,
            L1TableOffset = l1Offset,
            RefcountTableOffset = refcountTableOffset,
            RefcountTableClusters = refcountTableClusters,
            CompressedWithZstd = _compression == ImageCompression.Zstd,
        }.WriteTo(header);
        _file.SetLength(_allocator.End);
        _file.Write(0, header);
        _file.Flush();
    }

    internal override bool CanBeResumed => _packers is null && _file.Stamp is not null;

    internal override long Place(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length, _capacity);
        return WriteClusters(offset, data);
    }

    internal override ImageFile File => _file;

    internal override void TakeName() => _file.TakeName();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _packers?.Dispose();
            _file.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Writes data uncompressed, with one write to the file. What lacks of the first and last cluster stays a hole, that is zeros.</summary>
    private long WriteClusters(long offset, ReadOnlySpan<byte> data)
    {
        var (first, count) = Clusters(offset, data.Length);
        var host = _allocator.AllocateClusters(count);
        var place = Place(host, offset);
        _file.Write(place, data);
        _tables.MapClusters(first, count, host);
        return place;
    }

    /// <summary>The guest clusters that a range touches.</summary>
    private static (long First, int Count) Clusters(long offset, long length)
    {
        var first = offset >> Qcow2Format.ClusterBits;
        return (first, (int)(((offset + length - 1) >> Qcow2Format.ClusterBits) - first + 1));
    }

    /// <summary>Where in the file a byte of the disk lies whose cluster begins at <paramref name="host"/>.</summary>
    private static long Place(long host, long offset) => host + (offset & (Qcow2Format.ClusterSize - 1));

    /// <summary>
    /// Keeps clusters of a copy that was cut off. Whatever else that run had put into the file, its tables among it, is made zero, and its clusters are
    /// given out again.
    /// </summary>
    private void TakeOver(TakenCopy taken)
    {
        var kept = taken.HostRanges();
        _allocator.Occupy(kept);
        _file.KeepOnly(kept, _allocator.End, keepsSpace: false);
        foreach (var place in taken.Places)
        {
            _tables.MapClusters(place.Offset >> Qcow2Format.ClusterBits, (int)Qcow2Format.ClustersFor(place.Length), place.Host);
        }
    }

    private void WriteCompressed(long offset, ReadOnlySpan<byte> data, ClusterPacker packer)
    {
        while (!data.IsEmpty)
        {
            var taken = packer.Pack(offset, data);
            WritePacked(packer);
            foreach (var (start, length) in packer.Incompressible)
            {
                WriteClusters(offset + start, data.Slice(start, length));
            }

            offset += taken;
            data = data[taken..];
        }
    }

    private void WritePacked(ClusterPacker packer)
    {
        var packed = packer.Packed;
        for (var first = 0; first < packer.Lengths.Length;)
        {
            var host = _allocator.AllocatePacked(packer.Lengths[first..], out var count);
            var length = 0;
            for (var end = first + count; first < end; first++)
            {
                _tables.MapCompressed(packer.Clusters[first], host + length, packer.Lengths[first]);
                length += packer.Lengths[first];
            }

            _file.Write(host, packed[..length]);
            packed = packed[length..];
        }
    }
}
