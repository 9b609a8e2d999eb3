using V2V.Engine.Disks;

namespace V2V.Engine.Tests.Disks;

/// <summary>A small image held in memory.</summary>
internal sealed class ArrayDevice(byte[] bytes) : WritableBlockDevice
{
    internal byte[] Bytes { get; } = bytes;

    /// <summary>Number of calls to <see cref="Write"/>.</summary>
    internal int Writes { get; private set; }

    public override long Length => Bytes.Length;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        Bytes.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
    }

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length);
        data.CopyTo(Bytes.AsSpan((int)offset));
        Writes++;
    }

    public override void Flush()
    {
    }
}
