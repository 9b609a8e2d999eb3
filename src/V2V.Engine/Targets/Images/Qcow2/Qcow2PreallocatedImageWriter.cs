using System.Buffers.Binary;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>
/// Writes a qcow2 image in which every guest cluster has its place before the guest writes it, in the order of the disk. What is not written
/// is a hole in the file, or with full preallocation space that the host file system keeps for it; both read as zeros.
/// </summary>
internal sealed class Qcow2PreallocatedImageWriter : ImageWriter
{
    private readonly ImageFile _file;
    private readonly long _capacity;
    private readonly Qcow2PreallocatedLayout _layout;
    private readonly Qcow2Allocator _allocator = new();

    public Qcow2PreallocatedImageWriter(ImageFile file, long capacity, ImageAllocation allocation, TakenCopy? taken = null)
    {
        _file = file;
        _capacity = capacity;
        _layout = Qcow2PreallocatedLayout.For(capacity);
        _allocator.AllocateClusters(_layout.DataClusters);
        if (taken is not null)
        {
            file.KeepOnly(taken.HostRanges(), _layout.FileSize, keepsSpace: allocation == ImageAllocation.Preallocated);
            return;
        }

        file.SetLength(_layout.FileSize);
        if (allocation == ImageAllocation.Preallocated)
        {
            file.Allocate(_layout.FileSize);
        }
    }

    public override int Granularity => Qcow2Format.ClusterSize;

    public override long BytesWritten => _file.BytesWritten;

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length, _capacity);
        _file.Write(Qcow2PreallocatedLayout.DataOffset + offset, data);
    }

    public override void Complete()
    {
        var l2Offset = _allocator.AllocateClusters(_layout.L2Tables);
        var l1Offset = _allocator.AllocateClusters(_layout.L1Clusters);
        WriteTables(l2Offset, l1Offset);
        var (refcountTableOffset, refcountTableClusters) = Qcow2References.Write(_file, _allocator);

        Span<byte> header = stackalloc byte[Qcow2ImageHeader.Size];
        new Qcow2ImageHeader
        {
            VirtualSize = Qcow2Format.VirtualSize(_capacity),
            L1Entries = (int)_layout.L2Tables,
            L1TableOffset = l1Offset,
            RefcountTableOffset = refcountTableOffset,
            RefcountTableClusters = refcountTableClusters,
            CompressedWithZstd = false,
        }.WriteTo(header);
        _file.Write(0, header);
        _file.Flush();
    }

    internal override bool CanBeResumed => _file.Stamp is not null;

    internal override long? DataStart => Qcow2PreallocatedLayout.DataOffset;

    internal override ImageFile File => _file;

    internal override void TakeName() => _file.TakeName();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
        }

        base.Dispose(disposing);
    }

    private void WriteTables(long l2Offset, long l1Offset)
    {
        var l1 = new byte[_layout.L2Tables * sizeof(ulong)];
        var l2 = new byte[Qcow2Format.ClusterSize];
        for (long table = 0; table < _layout.L2Tables; table++)
        {
            var first = table * Qcow2Format.L2Entries;
            var count = (int)Math.Min(Qcow2Format.L2Entries, _layout.DataClusters - first);
            l2.AsSpan().Clear();
            for (var i = 0; i < count; i++)
            {
                var host = Qcow2PreallocatedLayout.DataOffset + ((first + i) << Qcow2Format.ClusterBits);
                BinaryPrimitives.WriteUInt64BigEndian(l2.AsSpan(i * sizeof(ulong)), Qcow2L2Entry.ForCluster(host));
            }

            var offset = l2Offset + (table << Qcow2Format.ClusterBits);
            _file.Write(offset, l2);
            BinaryPrimitives.WriteUInt64BigEndian(l1.AsSpan((int)table * sizeof(ulong)), Qcow2L2Entry.Copied | (ulong)offset);
        }

        _file.Write(l1Offset, l1);
    }
}
