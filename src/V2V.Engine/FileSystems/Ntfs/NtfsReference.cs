namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>How one file refers to another (MFT reference): the number of its record and how often the record had been used by then.</summary>
/// <param name="Value">Both, as stored.</param>
internal readonly record struct NtfsReference(ulong Value)
{
    private const ulong NumberMask = (1UL << 48) - 1;

    public NtfsReference(ulong number, ushort sequence) : this((number & NumberMask) | ((ulong)sequence << 48))
    {
    }

    public ulong Number => Value & NumberMask;

    public ushort Sequence => (ushort)(Value >> 48);
}
