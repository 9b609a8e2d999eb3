using Microsoft.Win32.SafeHandles;
using V2V.Engine.Disks.Transports;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Targets.Images;

/// <summary>
/// A block device of this host that an image is written into: a logical volume, a partition. It holds what it was used for before, so what
/// is not written is made zero, by the device itself where it can.
/// </summary>
internal sealed class BlockDeviceFile : ImageFile
{
    /// <summary>What is made zero by one call: a device that has to be written takes some seconds for it.</summary>
    private const long ZeroStep = 1L << 30;

    private readonly Lock _lock = new();
    private readonly SafeFileHandle _handle;
    private readonly long _deviceLength;
    private readonly bool _isZero;
    private readonly List<ByteRange> _written = [];
    private long _bytesWritten;

    private BlockDeviceFile(SafeFileHandle handle, string path)
    {
        _handle = handle;
        Path = path;
        _deviceLength = FileHoles.DeviceLength(handle);
        _isZero = _deviceLength == 0 || FileAllocation.TryDiscard(handle, 0, _deviceLength);
    }

    public override string Path { get; }

    public override long BytesWritten => Interlocked.Read(ref _bytesWritten);

    public override long Length => _deviceLength;

    /// <exception cref="TargetException">It does not exist or may not be written.</exception>
    public static BlockDeviceFile Open(string path)
    {
        try
        {
            return new BlockDeviceFile(File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read), path);
        }
        catch (Exception e) when (TargetErrors.IsFileError(e))
        {
            throw TargetErrors.Translate(e, path, "raw", $"{path} cannot be opened");
        }
    }

    public override void SetLength(long length)
    {
        if (length > _deviceLength)
        {
            throw new TargetException(V2VError.TargetFull, $"{Path} has {_deviceLength} bytes; the disk needs {length}.")
            {
                Path = Path,
                Format = "raw",
                Advice = "Choose a volume or pool with more room.",
            };
        }
    }

    /// <summary>A device has its space, or it is of a kind that only its owner can give it space.</summary>
    public override void Allocate(long length)
    {
    }

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
        try
        {
            RandomAccess.Write(_handle, data, offset);
        }
        catch (Exception e) when (TargetErrors.IsFileError(e))
        {
            throw TargetErrors.Translate(e, Path, "raw", $"{Path}: writing {data.Length} bytes at offset {offset} failed", data.Length, offset);
        }

        Interlocked.Add(ref _bytesWritten, data.Length);
        if (!_isZero)
        {
            lock (_lock)
            {
                _written.Add(new ByteRange(offset, data.Length));
            }
        }
    }

    public override void Read(long offset, Span<byte> buffer)
    {
        try
        {
            for (int read; buffer.Length > 0; buffer = buffer[read..], offset += read)
            {
                read = RandomAccess.Read(_handle, buffer, offset);
                if (read == 0)
                {
                    throw new EndOfStreamException("The device is shorter than what was written to it.");
                }
            }
        }
        catch (Exception e) when (TargetErrors.IsFileError(e))
        {
            throw TargetErrors.Translate(e, Path, "raw", $"{Path}: reading back from offset {offset} failed");
        }
    }

    public override void ForgetCached() => PageCache.Drop(_handle);

    public override void Flush()
    {
        try
        {
            ZeroTheRest();
            RandomAccess.FlushToDisk(_handle);
        }
        catch (Exception e) when (TargetErrors.IsFileError(e))
        {
            throw TargetErrors.Translate(e, Path, "raw", $"{Path}: flushing to stable storage failed");
        }
    }

    protected override void Dispose(bool disposing)
    {
        _handle.Dispose();
        base.Dispose(disposing);
    }

    private void ZeroTheRest()
    {
        if (_isZero)
        {
            return;
        }

        _written.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        long position = 0;
        foreach (var range in _written.Append(new ByteRange(_deviceLength, 0)))
        {
            for (; position < range.Offset; position = Math.Min(range.Offset, position + ZeroStep))
            {
                var length = Math.Min(ZeroStep, range.Offset - position);
                if (!FileAllocation.TryZero(_handle, position, length))
                {
                    throw new IOException($"{length} bytes at offset {position} cannot be made zero.");
                }
            }

            position = Math.Max(position, range.End);
        }
    }
}
