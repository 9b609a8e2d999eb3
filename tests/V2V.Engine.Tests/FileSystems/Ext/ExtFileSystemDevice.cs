using Microsoft.Win32.SafeHandles;
using V2V.Engine.Disks;

namespace V2V.Engine.Tests.FileSystems.Ext;

/// <summary>An image file as a device that can be written.</summary>
internal sealed class ExtFileSystemDevice(string path) : WritableBlockDevice
{
    private readonly SafeFileHandle _file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);

    public override long Length => RandomAccess.GetLength(_file);

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (!buffer.IsEmpty)
        {
            var read = RandomAccess.Read(_file, buffer, offset);
            buffer = buffer[read..];
            offset += read;
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
        if (disposing)
        {
            _file.Dispose();
        }

        base.Dispose(disposing);
    }
}
