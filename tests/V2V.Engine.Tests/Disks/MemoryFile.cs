using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Tests.Disks;

/// <summary>An image file in memory, which cannot refer to others.</summary>
internal sealed class MemoryFile(byte[] content, string name = "/memory/image") : DiskFile
{
    public override string Path => name;

    public override long Length => content.Length;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        content.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
    }
}
