using Microsoft.Win32.SafeHandles;
using V2V.Engine.Targets.Images;

namespace V2V.Benchmarks;

/// <summary>An image file that is left in the page cache, as qemu-img leaves its own: for a comparison of the copying alone.</summary>
internal sealed class UnflushedFile(string path) : ImageFile
{
    private readonly SafeFileHandle _handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
    private long _bytesWritten;

    public override string Path => path;

    public override long BytesWritten => Interlocked.Read(ref _bytesWritten);

    public override long Length => RandomAccess.GetLength(_handle);

    public override void SetLength(long length) => RandomAccess.SetLength(_handle, length);

    public override void Allocate(long length) => throw new NotSupportedException();

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
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
