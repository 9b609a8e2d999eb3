namespace V2V.Engine.FileSystems.Fat;

/// <summary>Clusters that follow each other on the volume.</summary>
internal readonly record struct FatRun(uint Start, uint Count)
{
    public uint End => Start + Count;
}
