namespace V2V.Engine.FileSystems.Xfs;

/// <summary>What tells one kind of B-tree from another: magic numbers, sizes, and how records are ordered.</summary>
internal abstract class XfsBTreeShape
{
    /// <summary>Magic number of blocks without and with checksums.</summary>
    public required (uint V4, uint V5) Magic { get; init; }

    public required int RecordSize { get; init; }

    public required int KeySize { get; init; }

    /// <summary>Pointers are 64-bit block numbers of the volume, not 32-bit ones of the allocation group.</summary>
    public bool HasLongPointers { get; init; }

    /// <summary>Records may overlap, so an entry of a node also carries the highest key below it.</summary>
    public bool IsOverlapping { get; init; }

    public int PointerSize => HasLongPointers ? sizeof(ulong) : sizeof(uint);

    /// <summary>Bytes of a node's entry without its pointer.</summary>
    public int EntrySize => IsOverlapping ? 2 * KeySize : KeySize;

    /// <summary>The key that a record is found by.</summary>
    public abstract void KeyOf(ReadOnlySpan<byte> record, Span<byte> key);

    /// <summary>The highest key that a record covers; only for overlapping records.</summary>
    public virtual void HighKeyOf(ReadOnlySpan<byte> record, Span<byte> key) => KeyOf(record, key);

    /// <summary>Big-endian keys compare as their bytes do, unless a kind says otherwise.</summary>
    public virtual int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left.SequenceCompareTo(right);

    public int HeaderSize(bool isV5) => (HasLongPointers, isV5) switch
    {
        (false, false) => 16,
        (false, true) => 56,
        (true, false) => 24,
        (true, true) => 72,
    };

    public int ChecksumOffset => HasLongPointers ? 64 : 52;
}
