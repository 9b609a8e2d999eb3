namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A run of free blocks within an allocation group: a record of both free-space B-trees.</summary>
internal readonly record struct XfsFreeExtent(uint Block, uint Count)
{
    public const int Size = 8;

    public uint End => Block + Count;

    public static XfsFreeExtent Parse(ReadOnlySpan<byte> raw) => new(raw.U32(0), raw.U32(4));

    public byte[] ToBytes()
    {
        var raw = new byte[Size];
        raw.AsSpan().Put32(0, Block);
        raw.AsSpan().Put32(4, Count);
        return raw;
    }
}
