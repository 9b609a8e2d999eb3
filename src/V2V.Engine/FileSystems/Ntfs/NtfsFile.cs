namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>A file: its attributes from all of its MFT records. Changes stay in memory until the table stores it.</summary>
internal sealed class NtfsFile(NtfsVolume volume, ulong number, ushort sequence)
{
    public const string IndexName = "$I30";

    public NtfsVolume Volume { get; } = volume;

    /// <summary>Number of its first MFT record.</summary>
    public ulong Number { get; } = number;

    public ushort Sequence { get; } = sequence;

    public NtfsReference Reference => new(Number, Sequence);

    public NtfsRecordFlags Flags { get; set; }

    /// <summary>Names in directories, DOS names counted apart.</summary>
    public ushort LinkCount { get; set; }

    /// <summary>Every attribute but the attribute list, in the order of records: by type and name.</summary>
    public List<NtfsAttribute> Attributes { get; } = [];

    /// <summary>$ATTRIBUTE_LIST, when one record does not hold everything.</summary>
    public NtfsAttribute? List { get; set; }

    /// <summary>The other records, with their sequence numbers.</summary>
    public List<NtfsReference> Extensions { get; } = [];

    public bool IsDirty { get; private set; }

    public uint LastUse { get; set; }

    /// <summary>How much memory it takes, in units of about a kilobyte.</summary>
    public int Weight => 1 + Extensions.Count;

    public bool IsDirectory => Flags.HasFlag(NtfsRecordFlags.Directory);

    /// <summary>$STANDARD_INFORMATION; every file has it.</summary>
    public NtfsStandardInformation Information => new(this, Find(NtfsAttributeType.StandardInformation)?.Value
        ?? throw NtfsErrors.Corrupt($"MFT record {Number} has no $STANDARD_INFORMATION."));

    /// <summary>The unnamed $DATA: what the file contains.</summary>
    public NtfsAttribute? Data => Find(NtfsAttributeType.Data);

    public IEnumerable<NtfsAttribute> Names => Attributes.Where(a => a.Type == NtfsAttributeType.FileName && a.IsResident);

    public NtfsAttribute? Find(NtfsAttributeType type, string name = "")
    {
        foreach (var attribute in Attributes)
        {
            if (attribute.Type == type && (attribute.Name == name || Volume.NamesAreEqual(attribute.Name, name)))
            {
                return attribute;
            }
        }

        return null;
    }

    /// <summary>Adds an attribute at its place in the order.</summary>
    public NtfsAttribute Add(NtfsAttribute attribute)
    {
        var index = Attributes.FindIndex(a => Volume.CompareAttributes(a, attribute) > 0);
        Attributes.Insert(index < 0 ? Attributes.Count : index, attribute);
        MarkDirty();
        return attribute;
    }

    public void Remove(NtfsAttribute attribute)
    {
        Attributes.Remove(attribute);
        MarkDirty();
    }

    public void MarkDirty()
    {
        if (!IsDirty)
        {
            IsDirty = true;
            Volume.Files.NoteDirty(this);
        }
    }

    public void MarkClean() => IsDirty = false;
}
