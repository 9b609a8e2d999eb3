namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// The AGFL, fourth sector of an allocation group: a ring of block numbers, of which those from agf_flfirst to agf_fllast are blocks kept
/// back for the free-space and reverse-mapping B-trees (XFS Algorithms &amp; Data Structures, "AG Free List").
/// </summary>
internal readonly struct XfsAgfl(XfsBuffer buffer, bool isV5)
{
    /// <summary>Its sector within the group.</summary>
    public const int Sector = 3;

    public const int ChecksumOffset = 32;

    private const uint Magic = 0x5841464C; // "XAFL"

    /// <summary>The header that version 5 has: magic, number, UUID, LSN, CRC.</summary>
    private const int HeaderSize = 36;

    private const int NumberOffset = 4;

    private const int UuidOffset = 8;

    private int Start => isV5 ? HeaderSize : 0;

    /// <summary>Places in the ring.</summary>
    public uint Capacity => (uint)((buffer.Data.Length - Start) / sizeof(uint));

    public uint this[uint index]
    {
        get => buffer.Data.AsReadOnly().U32(Position(index));
        set
        {
            buffer.Data.AsSpan().Put32(Position(index), value);
            buffer.MarkDirty();
        }
    }

    public void Check(XfsAg ag)
    {
        var agf = ag.Agf;
        var data = buffer.Data.AsReadOnly();
        var isHeaderGood = !isV5 || (data.U32(0) == Magic && data.U32(NumberOffset) == ag.Number
            && data.Slice(UuidOffset, 16).SequenceEqual(ag.Volume.Superblock.MetadataUuid));
        if (!isHeaderGood)
        {
            throw XfsErrors.Corrupt($"the free list of allocation group {ag.Number} has a wrong header.", buffer.Address);
        }

        // Kernels before Linux 4.5 counted one place more or less in the ring; what they left when it wrapped is inconsistent, and the kernel empties such a list.
        var active = agf.FreeListCount == 0 ? 0 : (agf.FreeListLast + Capacity - agf.FreeListFirst) % Capacity + 1;
        if (agf.FreeListFirst >= Capacity || agf.FreeListLast >= Capacity || agf.FreeListCount > Capacity || active != agf.FreeListCount)
        {
            throw XfsErrors.NeedsRepair($"The free list of allocation group {ag.Number} of the XFS file system does not agree with its header.");
        }

        for (var i = 0u; i < agf.FreeListCount; i++)
        {
            if (!ag.Volume.Superblock.AreInAg(ag.Number, this[(agf.FreeListFirst + i) % Capacity], 1))
            {
                throw XfsErrors.Corrupt($"the free list of allocation group {ag.Number} holds a block that is not one of the group.", buffer.Address);
            }
        }
    }

    private int Position(uint index) => Start + (int)index * sizeof(uint);
}
