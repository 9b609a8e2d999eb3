namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// Where a block of version 5 keeps the place in the log of its last change (LSN), its UUID and its checksum, by its magic number
/// (xlog_recover_get_buf_lsn). A block that is newer than a transaction must not be taken back to it.
/// </summary>
internal sealed record XfsLogStamp(int LsnOffset, int UuidOffset, int ChecksumOffset, int Length)
{
    private static readonly Dictionary<uint, (int Lsn, int Uuid, int Checksum)> s_byMagic = new()
    {
        [0x41423342] = (24, 32, 52), // AB3B, and the other B-trees of a group
        [0x41423343] = (24, 32, 52),
        [0x49414233] = (24, 32, 52),
        [0x46494233] = (24, 32, 52),
        [0x524D4233] = (24, 32, 52),
        [0x52334643] = (24, 32, 52),
        [0x424D4133] = (32, 40, 64), // BMA3
        [0x58414746] = (208, 64, 216), // XAGF
        [0x58414749] = (320, 296, 312), // XAGI
        [0x5841464C] = (24, 8, 32), // XAFL
        [0x58534C4D] = (48, 16, 12), // XSLM
        [0x58444233] = (16, 24, 4), // XDB3, XDD3, XDF3
        [0x58444433] = (16, 24, 4),
        [0x58444633] = (16, 24, 4),
        [XfsSuperblock.Magic] = (240, 32, XfsSuperblock.ChecksumOffset),
    };

    /// <summary>Hash trees have their magic number behind two pointers.</summary>
    private static readonly HashSet<ushort> s_hashMagics = [0x3DF1, 0x3DFF, 0x3EBE, 0x3BEE];

    private const int HashMagicOffset = 8;

    public static XfsLogStamp? Of(byte[] data, XfsSuperblock superblock)
    {
        var raw = data.AsReadOnly();
        if (s_byMagic.TryGetValue(raw.U32(0), out var at))
        {
            var isHeader = raw.U32(0) is XfsSuperblock.Magic or 0x58414746 or 0x58414749 or 0x5841464C;
            var length = isHeader ? Math.Min(data.Length, superblock.SectorSize) : data.Length;
            return length >= 328 ? new XfsLogStamp(at.Lsn, at.Uuid, at.Checksum, length) : null;
        }

        return s_hashMagics.Contains(raw.U16(HashMagicOffset)) ? new XfsLogStamp(24, 32, 12, data.Length) : null;
    }

    /// <summary>True when the block, if it is this file system's, was written by a later transaction or this one.</summary>
    public bool IsNewer(byte[] data, ulong lsn, XfsSuperblock superblock)
    {
        var own = data.AsReadOnly().U64(LsnOffset);
        var uuid = data.AsReadOnly().U32(0) == XfsSuperblock.Magic ? superblock.UuidBytes : superblock.MetadataUuid;
        return own != 0 && own != ulong.MaxValue && own >= lsn && data.AsSpan(UuidOffset, uuid.Length).SequenceEqual(uuid)
            && XfsBuffer.HasValidChecksum(data.AsSpan(0, Length), ChecksumOffset);
    }

    public void Stamp(byte[] data, ulong lsn)
    {
        data.AsSpan().Put64(LsnOffset, lsn);
        XfsBuffer.StoreChecksum(data.AsSpan(0, Length), ChecksumOffset);
    }
}
