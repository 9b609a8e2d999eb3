namespace V2V.Engine.Registry;

/// <summary>
/// Applies a log of the old form: behind the base block "DIRT" and a bitmap with a bit for each 512 bytes of the bins, then the sectors whose
/// bits are set, one behind the other.
/// </summary>
internal static class HiveSectorReplay
{
    private const int SectorSize = 512;
    private const int SectorsPerPage = HivePages.PageSize / SectorSize;

    private static ReadOnlySpan<byte> Signature => "DIRT"u8;

    public static void Apply(HiveFile file, HiveLog log, HiveBaseBlock baseBlock, HivePages pages)
    {
        // The log was written for the hive as it was to become.
        var size = log.BaseBlock.DataSize;
        pages.Resize(size);
        baseBlock.DataSize = pages.Size;
        var bitmap = new byte[size / SectorSize / 8];
        var signature = new byte[Signature.Length];
        if (log.File.TryRead(log.BlockSize, signature) < signature.Length || !signature.AsSpan().SequenceEqual(Signature)
            || log.File.TryRead(log.BlockSize + signature.Length, bitmap) < bitmap.Length)
        {
            throw RegistryErrors.NotClean(file.Path, $"and its transaction log {log.File.Path} has no list of changed sectors.");
        }

        var start = log.BlockSize + signature.Length + bitmap.Length;
        long at = (start + log.BlockSize - 1) / log.BlockSize * log.BlockSize;
        var content = new byte[SectorSize];
        for (uint page = 0; page < bitmap.Length; page++)
        {
            // A byte of the bitmap is a page; Windows XP and later set all of its bits or none.
            if (bitmap[page] == 0xFF)
            {
                Require(file, log, at + HivePages.PageSize);
                pages.Replace(page, log.File, at);
                at += HivePages.PageSize;
                continue;
            }

            for (var bit = 0; bit < SectorsPerPage; bit++)
            {
                if ((bitmap[page] & (1 << bit)) != 0)
                {
                    Require(file, log, at + SectorSize);
                    log.File.Read(at, content);
                    pages.Write((page * HivePages.PageSize) + (uint)(bit * SectorSize), content);
                    at += SectorSize;
                }
            }
        }
    }

    private static void Require(HiveFile file, HiveLog log, long end)
    {
        if (log.File.Length < end)
        {
            throw RegistryErrors.NotClean(file.Path, $"and its transaction log {log.File.Path} ends before its last sector.");
        }
    }
}
