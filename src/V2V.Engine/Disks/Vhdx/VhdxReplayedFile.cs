using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhdx;

/// <summary>A file as it would be once the log had been written to it.</summary>
/// <param name="file">The file itself; disposed with this.</param>
/// <param name="sectors">The sectors of 4 KiB that the log changes, by their offset.</param>
/// <param name="length">Size of the file afterwards.</param>
internal sealed class VhdxReplayedFile(DiskFile file, Dictionary<long, byte[]> sectors, long length) : DiskFile
{
    private const int SectorSize = VhdxLogEntry.SectorSize;

    public override string Path => file.Path;

    public override string? Folder => file.Folder;

    public override FileStore? Store => file.Store;

    public override string Name => file.Name;

    public override long Length => length;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        int stored = (int)Math.Clamp(file.Length - offset, 0, buffer.Length);
        if (stored > 0)
        {
            file.Read(offset, buffer[..stored]);
        }

        buffer[stored..].Clear();
        for (long at = offset & -SectorSize; at < offset + buffer.Length; at += SectorSize)
        {
            if (sectors.TryGetValue(at, out byte[]? sector))
            {
                int skip = (int)Math.Max(0, offset - at);
                int target = (int)Math.Max(0, at - offset);
                int count = Math.Min(SectorSize - skip, buffer.Length - target);
                sector.AsSpan(skip, count).CopyTo(buffer[target..]);
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        file.Dispose();
        base.Dispose(disposing);
    }
}
