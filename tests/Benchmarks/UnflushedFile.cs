using Microsoft.Win32.SafeHandles;
using V2V.Engine.Targets.Images;

namespace V2V.Benchmarks;

/// <summary>An image file that is left in the page cache, as qemu-img leaves its own: for a comparison of the copying alone.</summary>
internal sealed class UnflushedFile : ImageFile
{
    private readonly SafeFileHandle _handle;
    private readonly SpaceAhead _space;
    private long _bytesWritten;

    public UnflushedFile(string path)
    {
        Path = path;
        _handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
        _space = new SpaceAhead(_handle);
    }

    public override string Path { get; }

    public override long BytesWritten => Interlocked.Read(ref _bytesWritten);

    public override long Length => RandomAccess.GetLength(_handle);

    public override void SetLength(long length)
    {
        RandomAccess.SetLength(_handle, length);
        _space.SetLength(length);
    }

    public override void Allocate(long length) => throw new NotSupportedException();

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
        _space.Cover(offset + data.Length);
        RandomAccess.Write(_handle, data, offset);
        Interlocked.Add(ref _bytesWritten, data.Length);
    }

    public override void Read(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var read = RandomAccess.Read(_handle, buffer, offset);
            buffer = read > 0 ? buffer[read..] : throw new EndOfStreamException();
            offset += read;
        }
    }

    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        _handle.Dispose();
        base.Dispose(disposing);
    }
}
