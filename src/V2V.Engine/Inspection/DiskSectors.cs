using V2V.Engine.Disks;

namespace V2V.Engine.Inspection;

/// <summary>
/// Disks whose sectors have 4096 bytes ("4Kn"). A partition table counts in sectors, so on a disk with sectors of 512 bytes, which domains get, nothing
/// finds it. The image does not tell; the place of the GPT's header, in the second sector, does (UEFI 2.10, 5.3.2).
/// </summary>
internal static class DiskSectors
{
    private static ReadOnlySpan<byte> Signature => "EFI PART"u8;

    public static IReadOnlyList<Concern> Check(IReadOnlyList<BlockDevice> disks) =>
    [
        .. Enumerable.Range(0, disks.Count).Where(i => HasHeader(disks[i], 4096) && !HasHeader(disks[i], 512)).Select(i => new Concern(
            ConcernSeverity.Critical, "DiskSectors4K",
            $"Disk {i + 1} has sectors of 4096 bytes (its GPT starts at byte 4096). The domain's disk has sectors of 512 bytes, and nothing would find its partitions.",
            "Convert it with -IgnoreConcern DiskSectors4K, then put <blockio logical_block_size='4096' physical_block_size='4096'/> into the domain's disk element.")),
    ];

    private static bool HasHeader(BlockDevice disk, int offset)
    {
        if (disk.Length < offset + Signature.Length)
        {
            return false;
        }

        Span<byte> found = stackalloc byte[8];
        disk.Read(offset, found);
        return found.SequenceEqual(Signature);
    }
}
