using System.Buffers;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Mapping;

/// <summary>
/// A virtual disk whose bytes are scattered over a file by tables, in units that may be missing or compressed: what VMDK's sparse
/// extents, qcow2, VHD, VHDX and VDI have in common. A format says where bytes are (<see cref="Map"/>) and how to inflate a unit; reading is done here.
/// </summary>
internal abstract class MappedDevice : BlockDevice
{
    private readonly BlockDevice? _backing;
    private readonly long _backingOffset;

    /// <param name="file">The image file; disposed with the device.</param>
    /// <param name="length">Size of the virtual disk.</param>
    /// <param name="backing">What is read where the file has nothing; not disposed here.</param>
    /// <param name="backingOffset">Where this device's first byte lies on the backing device.</param>
    protected MappedDevice(DiskFile file, long length, BlockDevice? backing, long backingOffset = 0)
    {
        File = file;
        Length = length;
        _backing = backing;
        _backingOffset = backingOffset;
    }

    public override long Length { get; }

    protected DiskFile File { get; }

    /// <summary>The file that holds the data; another one than <see cref="File"/> where the tables stand alone.</summary>
    protected virtual DiskFile DataFile => File;

    /// <summary>The run in which a byte lies. It ends at the latest where the device does. Must be thread-safe.</summary>
    protected abstract MappedRun Map(long offset);

    /// <summary>Fills <paramref name="unit"/>, as long as the run, with what a compressed run holds. Must be thread-safe.</summary>
    protected virtual void Inflate(in MappedRun run, Span<byte> unit) =>
        throw new InvalidOperationException($"{GetType().Name} maps a compressed run but cannot inflate it.");

    /// <summary>Inflates a run whose stored length is known: raw deflate, or zstd where a decoder for it is given.</summary>
    protected void InflateStored(in MappedRun run, Span<byte> unit, string format, ZstdInflater? zstd = null)
    {
        byte[] compressed = ArrayPool<byte>.Shared.Rent(run.StoredLength);
        try
        {
            File.Read(run.FileOffset, compressed.AsSpan(0, run.StoredLength));
            if (zstd is not null)
            {
                zstd.Inflate(compressed.AsSpan(0, run.StoredLength), unit);
            }
            else
            {
                Inflater.Deflate(compressed, 0, run.StoredLength, unit);
            }
        }
        catch (InvalidDataException e)
        {
            throw ImageFault.Corrupt(File, format, run.FileOffset, $"the cluster for byte {run.Start} of the disk cannot be inflated: {e.Message}", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(compressed);
        }
    }

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            MappedRun run = RunAt(offset, buffer.Length);
            int length = (int)Math.Min(run.End - offset, buffer.Length);
            Span<byte> part = buffer[..length];
            switch (run.Kind)
            {
                case MappedKind.Data:
                    ReadData(run.FileOffset, part);
                    break;
                case MappedKind.Compressed:
                    ReadCompressed(run, (int)(offset - run.Start), part);
                    break;
                case MappedKind.Unallocated:
                    ReadBacking(offset, part);
                    break;
                default:
                    part.Clear();
                    break;
            }

            offset += length;
            buffer = buffer[length..];
        }
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        CheckRange(offset, length);
        return MappedExtents(offset, offset + length).Merge();
    }

    internal override StoredRun? Locate(long offset, long length)
    {
        MappedRun run = RunAt(offset, length);
        return run.Kind switch
        {
            MappedKind.Data => DataFile.Locate(run.FileOffset, Math.Min(run.Length, length)),
            MappedKind.Unallocated when _backing is not null && _backingOffset + offset < _backing.Length =>
                _backing.Locate(_backingOffset + offset, Math.Min(Math.Min(run.Length, length), _backing.Length - _backingOffset - offset)),
            _ => null,
        };
    }

    /// <summary>A run that ends at the latest where the device does, as the last block of a disk may.</summary>
    protected MappedRun Run(MappedKind kind, long start, long length, long fileOffset = 0) =>
        new(kind, start, Math.Min(length, Length - start), fileOffset);

    protected virtual void ReadData(long fileOffset, Span<byte> buffer) => File.Read(fileOffset, buffer);

    /// <summary>For formats whose files may end within the last cluster, or before it: what is missing is zeros.</summary>
    protected static void ReadPadded(DiskFile file, long fileOffset, Span<byte> buffer)
    {
        int stored = (int)Math.Clamp(file.Length - fileOffset, 0, buffer.Length);
        if (stored > 0)
        {
            file.Read(fileOffset, buffer[..stored]);
        }

        buffer[stored..].Clear();
    }

    /// <summary>The mapped run from a byte on, joined with the ones that continue it: reads become few and large.</summary>
    private MappedRun RunAt(long offset, long limit)
    {
        MappedRun run = Map(offset);
        if (run.Kind == MappedKind.Compressed)
        {
            return run;
        }

        run = run.From(offset);
        while (run.Length < limit && run.End < Length)
        {
            MappedRun next = Map(run.End);
            if (!next.Continues(run))
            {
                break;
            }

            run = run with { Length = run.Length + next.Length };
        }

        return run;
    }

    private void ReadCompressed(in MappedRun run, int within, Span<byte> buffer)
    {
        if (buffer.Length == run.Length)
        {
            // The copy reads whole units once: no detour through the cache.
            Inflate(run, buffer);
            return;
        }

        if (!InflatedCache.TryRead(this, run.Start, within, buffer))
        {
            byte[] unit = new byte[run.Length];
            Inflate(run, unit);
            unit.AsSpan(within, buffer.Length).CopyTo(buffer);
            InflatedCache.Add(this, run.Start, unit);
        }
    }

    private void ReadBacking(long offset, Span<byte> buffer)
    {
        // A snapshot may be larger than its parent: the disk was grown after it was taken.
        int backed = _backing is null ? 0 : (int)Math.Clamp(_backing.Length - _backingOffset - offset, 0, buffer.Length);
        if (backed > 0)
        {
            _backing!.Read(_backingOffset + offset, buffer[..backed]);
        }

        buffer[backed..].Clear();
    }

    private IEnumerable<DiskExtent> MappedExtents(long offset, long end)
    {
        while (offset < end)
        {
            MappedRun run = RunAt(offset, end - offset);
            long stop = Math.Min(run.End, end);
            long length = stop - offset;
            switch (run.Kind)
            {
                case MappedKind.Data:
                    // Preallocated images are often holes in the host's file system.
                    long present = Math.Clamp(DataFile.Length - run.FileOffset, 0, length);
                    foreach (DiskExtent stored in present > 0 ? DataFile.Extents(run.FileOffset, present) : [])
                    {
                        yield return stored with { Offset = stored.Offset - run.FileOffset + offset };
                    }

                    if (present < length)
                    {
                        yield return new DiskExtent(offset + present, length - present, IsZero: true);
                    }

                    break;
                case MappedKind.Compressed:
                    yield return new DiskExtent(offset, length, IsZero: false);
                    break;
                case MappedKind.Unallocated when _backing is not null:
                    long backed = Math.Clamp(_backing.Length - _backingOffset - offset, 0, length);
                    foreach (DiskExtent below in backed > 0 ? _backing.Extents(_backingOffset + offset, backed) : [])
                    {
                        yield return below with { Offset = below.Offset - _backingOffset };
                    }

                    if (backed < length)
                    {
                        yield return new DiskExtent(offset + backed, length - backed, IsZero: true);
                    }

                    break;
                default:
                    yield return new DiskExtent(offset, length, IsZero: true);
                    break;
            }

            offset = stop;
        }
    }

    protected override void Dispose(bool disposing)
    {
        InflatedCache.Remove(this);
        File.Dispose();
        base.Dispose(disposing);
    }
}
