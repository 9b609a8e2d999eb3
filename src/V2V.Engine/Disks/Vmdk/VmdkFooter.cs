using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>
/// The end of a stream-optimized extent: a footer marker, a copy of the header with the true offset of the grain directory, and an
/// end-of-stream marker, one sector each (Virtual Disk Format 5.0, "Stream-Optimized Compressed Sparse Extents").
/// </summary>
internal static class VmdkFooter
{
    private const int MarkerSize = VmdkSparseHeader.SectorSize;
    private const int TotalSize = MarkerSize + VmdkSparseHeader.Size + MarkerSize;
    private const uint FooterType = 3;

    /// <summary>Returns where the copy of the header lies.</summary>
    public static long Find(DiskFile file)
    {
        long start = file.Length - TotalSize;
        if (start >= VmdkSparseHeader.Size)
        {
            Span<byte> footer = stackalloc byte[TotalSize];
            file.Read(start, footer);
            var marker = VmdkMarker.Parse(footer);
            var end = VmdkMarker.Parse(footer[(MarkerSize + VmdkSparseHeader.Size)..]);
            if (marker is { Size: 0, Type: FooterType } && VmdkSparseHeader.HasMagic(footer[MarkerSize..]) && end == default)
            {
                return start + MarkerSize;
            }
        }

        throw ImageFault.Corrupt(
            file, VmdkDisk.Format, Math.Max(0, start), "the footer with its grain directory is missing, so the file is cut short or was never finished.");
    }
}
