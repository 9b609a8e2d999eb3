namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A run of blocks that several files share.</summary>
internal readonly record struct XfsRefcount(uint Block, uint Count, uint References)
{
    private const int Size = 12;

    /// <summary>Set in the block number of what the kernel staged for a copy on write; these records stand behind all others.</summary>
    private const uint StagingFlag = 1U << 31;

    public uint End => Block + Count;

    public bool IsStaging => (Block & StagingFlag) != 0;

    public byte[] Key => ToBytes()[..4];

    public static XfsRefcount Parse(ReadOnlySpan<byte> raw) => new(raw.U32(0), raw.U32(4), raw.U32(8));

    public byte[] ToBytes()
    {
        var raw = new byte[Size];
        raw.AsSpan().Put32(0, Block);
        raw.AsSpan().Put32(4, Count);
        raw.AsSpan().Put32(8, References);
        return raw;
    }
}
