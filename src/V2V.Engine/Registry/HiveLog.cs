namespace V2V.Engine.Registry;

/// <summary>A transaction log: its file, and the copy of the hive's base block that its first sectors hold.</summary>
internal sealed record HiveLog(HiveFile File, HiveBaseBlock BaseBlock)
{
    private const int SectorSize = 512;

    public bool IsEntryLog => BaseBlock.Type == HiveFileType.EntryLog;

    /// <summary>Bytes of the copy, and alignment of what follows in the old form. Since Windows 8 always 512.</summary>
    public int BlockSize => IsEntryLog ? SectorSize : (int)BaseBlock.ClusteringFactor * SectorSize;

    /// <summary>The log in a file; null when it is empty, was being written, or is none.</summary>
    public static HiveLog? TryRead(HiveFile file)
    {
        var raw = new byte[HiveBaseBlock.Size];
        if (file.TryRead(0, raw) < HiveBaseBlock.ChecksummedSize)
        {
            return null;
        }

        var block = new HiveBaseBlock(raw);
        var isLog = block.HasSignature && block.IsChecksumRight && block.PrimarySequence == block.SecondarySequence
            && block.Type is HiveFileType.Log or HiveFileType.LogOfWindows2000 or HiveFileType.EntryLog
            && block.ClusteringFactor is >= 1 and <= HiveBaseBlock.Size / SectorSize
            && block.DataSize is > 0 and <= HiveBaseBlock.MaxDataSize && block.DataSize % HivePages.PageSize == 0;
        return isLog ? new HiveLog(file, block) : null;
    }

    /// <summary>The hive's base block with its first sectors replaced by the copy.</summary>
    public HiveBaseBlock Recover(ReadOnlySpan<byte> damaged)
    {
        var raw = damaged.ToArray();
        BaseBlock.Raw[..BlockSize].CopyTo(raw);
        return new HiveBaseBlock(raw) { Type = HiveFileType.Hive };
    }
}
