namespace V2V.Engine.FileSystems.Iso9660;

/// <summary>What the Rock Ridge entries of a directory record say (RRIP 1.12). What a record does not say is null.</summary>
internal sealed record RockRidge
{
    private const ushort PosixAttributes = ('P' << 8) | 'X';
    private const ushort AlternateName = ('N' << 8) | 'M';
    private const ushort SymbolicLink = ('S' << 8) | 'L';
    private const ushort ChildLink = ('C' << 8) | 'L';
    private const ushort Relocated = ('R' << 8) | 'E';
    private const ushort Timestamps = ('T' << 8) | 'F';
    private const ushort SparseFile = ('S' << 8) | 'F';

    /// <summary>zisofs, an extension by H. Peter Anvin that genisoimage and Linux share.</summary>
    private const ushort Compressed = ('Z' << 8) | 'F';

    public string? Name { get; private set; }

    public uint? Mode { get; private set; }

    public uint Links { get; private set; } = 1;

    public uint UserId { get; private set; }

    public uint GroupId { get; private set; }

    public DateTimeOffset? Modified { get; private set; }

    public string? Target { get; private set; }

    /// <summary>The block of the directory that this record stands for and that lies elsewhere, because it would be too deep here.</summary>
    public uint? ChildBlock { get; private set; }

    /// <summary>The directory belongs elsewhere, where a child link stands for it.</summary>
    public bool IsRelocated { get; private set; }

    /// <summary>The data is not stored as it is: "is compressed by zisofs".</summary>
    public string? Encoding { get; private set; }

    public static RockRidge Parse(IEnumerable<SystemUseEntry> entries)
    {
        var result = new RockRidge();
        var name = new List<byte>();
        var link = new RockRidgeLink();
        foreach (var entry in entries)
        {
            var data = entry.Data.Span;
            switch (entry.Signature)
            {
                case PosixAttributes when data.Length >= 32:
                    (result.Mode, result.Links, result.UserId, result.GroupId) = (entry.U32(0), entry.U32(8), entry.U32(16), entry.U32(24));
                    break;
                case AlternateName when data.Length > 1:
                    // The flags say whether it goes on, which the next entry tells as well, or that it is "." or "..", whose records are known.
                    name.AddRange(data[1..]);
                    break;
                case SymbolicLink when data.Length > 1:
                    link.Add(data[1..]);
                    break;
                case ChildLink when data.Length >= 8:
                    result.ChildBlock = entry.U32(0);
                    break;
                case Relocated:
                    result.IsRelocated = true;
                    break;
                case Timestamps when data.Length > 1:
                    result.Modified = ReadModified(data);
                    break;
                case Compressed:
                    result.Encoding = "is compressed by zisofs";
                    break;
                case SparseFile:
                    result.Encoding = "is stored as a sparse file of Rock Ridge";
                    break;
                default:
                    break;
            }
        }

        result.Name = name.Count == 0 ? null : GuestText.Decode([.. name]);
        result.Target = link.Text;
        return result;
    }

    /// <summary>Times stand in the order of their flags: creation, modification, ...</summary>
    private static DateTimeOffset? ReadModified(ReadOnlySpan<byte> data)
    {
        const int Creation = 0x01;
        const int Modification = 0x02;
        const int LongForm = 0x80;
        var length = (data[0] & LongForm) != 0 ? IsoTimestamp.LongLength : IsoTimestamp.ShortLength;
        var start = 1 + ((data[0] & Creation) != 0 ? length : 0);
        return (data[0] & Modification) != 0 && start + length <= data.Length ? IsoTimestamp.Parse(data.Slice(start, length)) : null;
    }
}
