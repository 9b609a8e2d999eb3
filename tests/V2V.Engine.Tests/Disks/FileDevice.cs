using Microsoft.Win32.SafeHandles;
using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks;

/// <summary>An image file, written in place. For file systems that other programs look at in between.</summary>
internal sealed class FileDevice(string path) : WritableBlockDevice
{
    private readonly SafeFileHandle _file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    public override long Length { get; } = new FileInfo(path).Length;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (!buffer.IsEmpty)
        {
            var read = RandomAccess.Read(_file, buffer, offset);
            Assert.NotEqual(0, read);
            offset += read;
            buffer = buffer[read..];
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length);
        RandomAccess.Write(_file, data, offset);
    }

    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        _file.Dispose();
        base.Dispose(disposing);
    }
}
