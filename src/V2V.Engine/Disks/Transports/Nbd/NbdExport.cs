namespace V2V.Engine.Disks.Transports.Nbd;

/// <summary>What was agreed with a server about an export.</summary>
internal sealed record NbdExport
{
    /// <summary>The longest request in bytes that every server has to serve which says nothing else (section "Block sizes").</summary>
    private const uint DefaultMaximum = 32 << 20;

    /// <summary>The largest minimum that is believed; larger blocks would make every small read expensive. The specification names 64 KiB.</summary>
    private const uint LargestMinimum = 1 << 20;

    /// <summary>Size in bytes.</summary>
    public required long Length { get; init; }

    public required bool CanMultiConnect { get; init; }

    /// <summary>Requests start and end on multiples of it, or at the end: a power of two.</summary>
    public int MinimumBlock { get; init; } = 1;

    /// <summary>Bytes of the longest request, a multiple of <see cref="MinimumBlock"/>.</summary>
    public int MaximumRequest { get; init; } = (int)DefaultMaximum;

    /// <summary>Whether data comes in structured replies.</summary>
    public bool IsStructured { get; init; }

    /// <summary>The number under which runs of base:allocation are told; null when the server does not tell them.</summary>
    public uint? AllocationContext { get; init; }

    /// <exception cref="DiskImageException">The sizes are impossible.</exception>
    public NbdExport WithBlockSizes(string path, uint minimum, uint maximum)
    {
        uint most = Math.Min(maximum, DefaultMaximum) & ~(minimum - 1);
        return minimum is > 0 and <= LargestMinimum && (minimum & (minimum - 1)) == 0 && most >= minimum
            ? this with { MinimumBlock = (int)minimum, MaximumRequest = (int)most }
            : throw NbdFault.Protocol(path, $"it wants requests of {minimum} to {maximum} bytes");
    }
}
