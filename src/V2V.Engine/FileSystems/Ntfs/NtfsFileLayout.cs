namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>
/// How the attributes of a file are spread over its MFT records. What fits stays in one record; otherwise every attribute goes to the first
/// record with space for it, and a run list too long for any record is divided among records of its own. The same attributes always give
/// the same records, so that only what changed is written.
/// </summary>
internal sealed partial class NtfsFileLayout(NtfsVolume volume, NtfsFile file)
{
    /// <summary>The mark behind the last attribute, with its padding.</summary>
    private const int EndSize = 8;

    /// <summary>An attribute list that takes more than this share of a record goes to clusters of its own.</summary>
    private const int ListShare = 4;

    /// <summary>What a list on clusters takes in the record: its header and a few runs.</summary>
    private const int ListOnClusters = 104;

    private const int MaxPasses = 8;

    /// <summary>Contents up to this would take as much space for their run list.</summary>
    private const int MaxKeptValue = 64;

    /// <summary>Below this an index has more for its blocks than it gains.</summary>
    private const int MaxKeptRoot = 200;

    private int RecordSize => volume.Boot.RecordSize;

    /// <summary>The longest value that a resident attribute can have so that the file still needs one record only.</summary>
    public int SpaceForValue(NtfsAttribute attribute)
    {
        var space = RecordSize - FirstAttribute - EndSize - NtfsAttributeRecord.ResidentSize(attribute.Name, 0);
        foreach (var other in file.Attributes)
        {
            space -= other == attribute ? 0 : SizeOf(other);
        }

        return Math.Max(0, space & -8);
    }

    /// <summary>Writes the file's attributes to its records, which become more or fewer as needed.</summary>
    /// <exception cref="GuestFileSystemException">There is no space for another record, or the file has more runs than NTFS can list.</exception>
    public void Store()
    {
        if (FitsOneRecord)
        {
            var only = new NtfsRecordPlan(file.Number, FirstAttribute);
            only.Extents.AddRange(file.Attributes.Select(a => NtfsExtent.Whole(a)));
            DropList();
            ReleaseExtensions(0);
            new NtfsRecordWriter(volume, file).Write([only]);
            return;
        }

        var listSize = file.List?.DataSize ?? 0;
        for (var pass = 0; pass < MaxPasses; pass++)
        {
            var isResident = NtfsAttributeRecord.ResidentSize("", (int)listSize) <= RecordSize / ListShare;
            var plans = Spread(isResident ? NtfsAttributeRecord.ResidentSize("", (int)listSize) : ListOnClusters);
            var needed = plans.Sum(p => p.Extents.Sum(e => (long)NtfsAttributeListEntry.SizeOf(e.Attribute.Name)));
            if (needed > NtfsAttributeListEntry.MaxListSize)
            {
                throw NtfsErrors.Full($"MFT record {file.Number} would need an attribute list of {needed} bytes: the file is too fragmented for NTFS.");
            }

            if (needed <= listSize || !isResident)
            {
                StoreSpread(plans, (int)needed, isResident);
                return;
            }

            listSize = needed;
        }

        throw NtfsErrors.Full($"The attributes of MFT record {file.Number} cannot be spread over records.");
    }

    private bool FitsOneRecord => FirstAttribute + file.Attributes.Sum(SizeOf) + EndSize <= RecordSize;

    /// <summary>
    /// Before another record is needed, contents go to clusters of their own and the entries of a directory to an index block, as Windows does.
    /// </summary>
    public void MakeSpace()
    {
        if (FitsOneRecord || (file.Number < NtfsSystemFile.FirstUser && file.Number != NtfsSystemFile.Root))
        {
            return;
        }

        var streams = file.Attributes.Where(a => a is { Type: NtfsAttributeType.Data, IsResident: true, DataSize: > MaxKeptValue });
        foreach (var stream in streams.OrderByDescending(a => a.DataSize).ToArray())
        {
            new NtfsFileWriter(volume, file, stream).MakeNonResident(stream.DataSize);
            if (FitsOneRecord)
            {
                return;
            }
        }

        if (file.IsDirectory && file.Find(NtfsAttributeType.IndexRoot, NtfsFile.IndexName) is { DataSize: > MaxKeptRoot })
        {
            new NtfsDirectory(file).Index.PushRootDown();
        }
    }

    /// <summary>Bytes of an attribute in one piece.</summary>
    private static int SizeOf(NtfsAttribute attribute) => attribute.Value is { } value
        ? NtfsAttributeRecord.ResidentSize(attribute.Name, value.Length)
        : SizeOf(attribute, attribute.Runs!.Runs, isFirst: true);

    private static int SizeOf(NtfsAttribute attribute, ReadOnlySpan<NtfsRun> runs, bool isFirst) =>
        NtfsAttributeRecord.NonResidentSize(attribute.Name, NtfsMappingPairs.SizeOf(runs), isFirst && attribute.HasCompressedSize);

    private int FirstAttribute => volume.Mft.Read(file.Number).AttributesOffset;

    /// <summary>Where the first attribute stands in a record that is made here.</summary>
    private int FirstAttributeOfNew => NtfsRecord.FirstAttribute(RecordSize, volume.Information.Is31);

    /// <summary>Divides the attributes among records; the first plan is that of the file's first record.</summary>
    /// <param name="listSpace">Bytes to leave in it for the attribute list.</param>
    private List<NtfsRecordPlan> Spread(int listSpace)
    {
        var first = new NtfsRecordPlan(file.Number, FirstAttribute + listSpace);
        var plans = new List<NtfsRecordPlan> { first };
        foreach (var attribute in file.Attributes)
        {
            var size = SizeOf(attribute);
            if (attribute.Type == NtfsAttributeType.StandardInformation)
            {
                first.Add(NtfsExtent.Whole(attribute), size);
                continue;
            }

            if (plans.Find(p => p.Used + size + EndSize <= RecordSize) is { } plan)
            {
                plan.Add(NtfsExtent.Whole(attribute), size);
            }
            else if (FirstAttributeOfNew + size + EndSize <= RecordSize && !IsMftData(attribute))
            {
                Begin(plans).Add(NtfsExtent.Whole(attribute), size);
            }
            else if (attribute.IsResident)
            {
                throw NtfsErrors.Full($"An attribute of {attribute.DataSize} bytes of MFT record {file.Number} does not fit any record.");
            }
            else
            {
                Divide(attribute, plans);
            }
        }

        return plans;
    }

    /// <summary>
    /// Fills records with the runs of an attribute. Those of the MFT begin in its first record: without them the others cannot be found.
    /// </summary>
    private void Divide(NtfsAttribute attribute, List<NtfsRecordPlan> plans)
    {
        var plan = IsMftData(attribute) ? plans[0] : Begin(plans);
        for (var start = 0; start < attribute.Runs!.Count;)
        {
            var rest = attribute.Runs.Runs[start..];
            var overhead = NtfsAttributeRecord.NonResidentSize(attribute.Name, 0, start == 0 && attribute.HasCompressedSize);
            var count = NtfsMappingPairs.CountFitting(rest, (RecordSize - EndSize - plan.Used - overhead) & -8);
            if (count == 0)
            {
                throw NtfsErrors.Full($"MFT record {file.Number} has no space for the beginning of a run list.");
            }

            plan.Add(new NtfsExtent(attribute, start, count), SizeOf(attribute, rest[..count], start == 0));
            start += count;
            if (start < attribute.Runs.Count)
            {
                plan = Begin(plans);
            }
        }
    }

    private NtfsRecordPlan Begin(List<NtfsRecordPlan> plans)
    {
        plans.Add(new NtfsRecordPlan(null, FirstAttributeOfNew));
        return plans[^1];
    }

    private bool IsMftData(NtfsAttribute attribute) =>
        file.Number == NtfsSystemFile.Mft && attribute is { Type: NtfsAttributeType.Data, Name: "" };
}
