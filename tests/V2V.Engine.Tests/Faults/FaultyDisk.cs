using V2V.Engine.Disks;
using V2V.Engine.FileSystems;
using V2V.Engine.Sources;

namespace V2V.Engine.Tests.Faults;

/// <summary>A source disk that fails where the test says, as a real one fails, or at which something happens when it has been read so far.</summary>
internal sealed class FaultyDisk(BlockDevice disk) : BlockDevice
{
    private const int Sector = 512;

    private readonly ManualResetEventSlim _isOver = new();
    private int _hasHappened;

    /// <summary>Ranges, in whole sectors, that cannot be read.</summary>
    public IReadOnlyList<ByteRange> Bad { get; init; } = [];

    /// <summary>The error is of the kind that is about these bytes alone.</summary>
    public bool IsConfined { get; init; } = true;

    /// <summary>The first read of this byte has <see cref="Happens"/> happen before it.</summary>
    public long At { get; init; }

    public Action? Happens { get; init; }

    public override long Length => disk.Length;

    internal override string? Version => disk.Version;

    /// <summary>A guest whose last disk is faulty.</summary>
    public static SourceGuest In(SourceGuest guest, Func<BlockDevice, FaultyDisk> fault) =>
        guest with { Disks = [.. guest.Disks.SkipLast(1), guest.Disks[^1] with { Open = () => fault(guest.Disks[^1].Open()) }] };

    public override void Read(long offset, Span<byte> buffer)
    {
        if (Happens is not null && offset <= At && offset + buffer.Length > At && Interlocked.Exchange(ref _hasHappened, 1) == 0)
        {
            try
            {
                Happens();
            }
            finally
            {
                _isOver.Set();
            }
        }
        else if (Volatile.Read(ref _hasHappened) == 1)
        {
            // Other threads of the copy are not to get to its end meanwhile.
            _isOver.Wait();
        }

        var end = offset + buffer.Length;
        if (Bad.FirstOrDefault(b => b.Offset < end && b.End > offset) is { Length: > 0 } bad)
        {
            var at = Math.Max(bad.Offset, offset) & -Sector;
            throw new DiskImageException(V2VError.DiskImageReadFailed, $"'/dev/worn' cannot be read at byte {at}: Input/output error")
            {
                Path = "/dev/worn",
                Offset = at,
                IsConfined = IsConfined,
            };
        }

        disk.Read(offset, buffer);
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length) => disk.Extents(offset, length);

    protected override void Dispose(bool disposing)
    {
        disk.Dispose();
        base.Dispose(disposing);
    }
}
