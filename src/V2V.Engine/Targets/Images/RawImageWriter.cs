using V2V.Engine.Disks;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine.Targets.Images;

/// <summary>Writes a raw image: the disk's bytes at their own positions, with holes where nothing is written unless all space is taken at once.</summary>
internal sealed class RawImageWriter : ImageWriter
{
    /// <summary>Block size of the usual host file systems: the smallest hole that a file can have.</summary>
    public const int BlockSize = 4096;

    private readonly ImageFile _file;
    private readonly long _capacity;
    private readonly bool _sharesBlocks;

    /// <param name="file">What is written.</param>
    /// <param name="capacity">Bytes of the disk.</param>
    /// <param name="allocation">How much of its space is taken at once.</param>
    /// <param name="taken">What the file has already; null for a new one.</param>
    public RawImageWriter(ImageFile file, long capacity, ImageAllocation allocation, TakenCopy? taken = null)
    {
        _file = file;
        _capacity = capacity;
        // What shares blocks takes new ones when the guest writes, which preallocation is to prevent.
        _sharesBlocks = allocation == ImageAllocation.Sparse;
        if (taken is not null)
        {
            file.KeepOnly(taken.HostRanges(), capacity, keepsSpace: allocation == ImageAllocation.Preallocated);
            return;
        }

        file.SetLength(capacity);
        if (allocation == ImageAllocation.Preallocated)
        {
            file.Allocate(capacity);
        }
    }

    public override int Granularity => BlockSize;

    public override long BytesWritten => _file.BytesWritten;

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length, _capacity);
        _file.Write(offset, data);
    }

    internal override bool TryClone(long offset, in StoredRun source)
    {
        CheckRange(offset, source.Length, _capacity);
        return _sharesBlocks && _file.TryClone(offset, source);
    }

    public override void Complete() => _file.Flush();

    internal override bool CanBeResumed => _file.Stamp is not null;

    internal override long? DataStart => 0;

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
}
