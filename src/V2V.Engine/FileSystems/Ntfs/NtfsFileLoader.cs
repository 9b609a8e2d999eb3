namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Puts a file together from its MFT records: the first one and, where it has an attribute list, the ones that this names.</summary>
internal sealed class NtfsFileLoader(NtfsVolume volume)
{
    /// <summary>Reads a file.</summary>
    /// <param name="record">Its first record.</param>
    /// <param name="onRuns">Called with $MFT's clusters as soon as the first of them are known, since its other records lie in them.</param>
    /// <exception cref="GuestFileSystemException">A record is damaged, or the records contradict each other.</exception>
    public NtfsFile Load(NtfsRecord record, Action<NtfsRunList>? onRuns = null)
    {
        record.Check();
        if (!record.IsInUse || record.Base.Value != 0)
        {
            throw Corrupt(record, record.IsInUse ? "is not the first record of a file." : "is referred to, but not in use.");
        }

        var file = new NtfsFile(volume, record.Number, record.Sequence) { Flags = record.Flags, LinkCount = record.LinkCount };
        file.List = ReadList(record);
        if (file.List is null)
        {
            AddAll(file, record, onRuns);
        }
        else
        {
            FollowList(file, record, onRuns);
        }

        foreach (var attribute in file.Attributes)
        {
            Check(file, attribute);
        }

        file.MarkClean();
        return file;
    }

    private static void AddAll(NtfsFile file, NtfsRecord record, Action<NtfsRunList>? onRuns)
    {
        for (var offset = record.AttributesOffset; record.ReadAttribute(offset, out var attribute); offset += attribute.Length)
        {
            AddExtent(file, record.Number, attribute, onRuns);
        }
    }

    private void FollowList(NtfsFile file, NtfsRecord first, Action<NtfsRunList>? onRuns)
    {
        var records = new Dictionary<ulong, NtfsRecord> { [first.Number] = first };
        foreach (var entry in NtfsAttributeListEntry.ReadAll(ReadWhole(file.List!), file.Number))
        {
            if (entry.Type == NtfsAttributeType.AttributeList)
            {
                continue;
            }

            if (!records.TryGetValue(entry.Record.Number, out var record))
            {
                record = volume.Mft.Read(entry.Record.Number);
                record.Check();
                if (!record.IsInUse || record.Base.Number != file.Number || record.Base.Value == 0 || record.Sequence != entry.Record.Sequence)
                {
                    throw Corrupt(first, $"names record {record.Number} as its extension, which is not.");
                }

                records.Add(record.Number, record);
                file.Extensions.Add(entry.Record);
            }

            AddExtent(file, record.Number, Find(record, entry), onRuns);
        }
    }

    private static NtfsAttributeRecord Find(NtfsRecord record, NtfsAttributeListEntry entry)
    {
        for (var offset = record.AttributesOffset; record.ReadAttribute(offset, out var attribute); offset += attribute.Length)
        {
            if (attribute.Instance == entry.Instance && attribute.Type == entry.Type && attribute.Name == entry.Name)
            {
                return attribute;
            }
        }

        throw Corrupt(record, $"lacks attribute 0x{(uint)entry.Type:X} {entry.Name}, which an attribute list places there.");
    }

    private static void AddExtent(NtfsFile file, ulong record, NtfsAttributeRecord extent, Action<NtfsRunList>? onRuns)
    {
        if (extent.Type == NtfsAttributeType.AttributeList)
        {
            return;
        }

        NtfsAttribute attribute;
        if (extent.IsResident)
        {
            attribute = new NtfsAttribute(extent.Type, extent.Name)
            {
                Flags = extent.Flags,
                ResidentFlags = extent.ResidentFlags,
                Value = extent.Value.ToArray(),
            };
            file.Attributes.Add(attribute);
        }
        else if (extent.LowestVcn == 0)
        {
            attribute = Begin(extent);
            file.Attributes.Add(attribute);
        }
        else
        {
            var (type, name) = (extent.Type, extent.Name);
            attribute = file.Attributes.Find(a => a.Type == type && a.Name == name && !a.IsResident)
                ?? throw NtfsErrors.Corrupt($"MFT record {record} continues an attribute that has no beginning.");
        }

        if (attribute.Runs is { } runs)
        {
            var isMapped = attribute.Runs.Length == extent.LowestVcn
                && NtfsMappingPairs.TryDecode(extent.MappingPairs, runs, file.Volume.Boot.ClusterCount);

            // 0 in the only extent means that nobody counted.
            if (!isMapped || (extent.HighestVcn != runs.Length - 1 && (extent.HighestVcn != 0 || extent.LowestVcn != 0)))
            {
                throw NtfsErrors.Corrupt($"the run list of attribute 0x{(uint)extent.Type:X} in MFT record {record} makes no sense.");
            }

            if (onRuns is not null && attribute is { Type: NtfsAttributeType.Data, Name: "" })
            {
                onRuns(runs);
            }
        }

        attribute.Homes.Add(new NtfsExtentHome(record, extent.Instance, extent.IsResident ? 0 : extent.LowestVcn));
    }

    private static NtfsAttribute Begin(NtfsAttributeRecord extent)
    {
        var attribute = new NtfsAttribute(extent.Type, extent.Name)
        {
            Flags = extent.Flags,
            Runs = new NtfsRunList(),
            AllocatedSize = extent.AllocatedSize,
            DataSize = extent.DataSize,
            InitializedSize = extent.InitializedSize,
            CompressionUnit = extent.CompressionUnit,
        };
        return attribute;
    }

    private NtfsAttribute? ReadList(NtfsRecord record)
    {
        for (var offset = record.AttributesOffset; record.ReadAttribute(offset, out var attribute); offset += attribute.Length)
        {
            if (attribute.Type != NtfsAttributeType.AttributeList)
            {
                continue;
            }

            var list = new NtfsAttribute(NtfsAttributeType.AttributeList, "") { Flags = attribute.Flags };
            list.Homes.Add(new NtfsExtentHome(record.Number, attribute.Instance, 0));
            if (attribute.IsResident)
            {
                list.Value = attribute.Value.ToArray();
                return list;
            }

            list.Runs = new NtfsRunList();
            list.AllocatedSize = attribute.AllocatedSize;
            list.DataSize = attribute.DataSize;
            list.InitializedSize = attribute.InitializedSize;
            if (!NtfsMappingPairs.TryDecode(attribute.MappingPairs, list.Runs, volume.Boot.ClusterCount) || list.Runs.HasHoles
                || list.DataSize is < 0 or > NtfsAttributeListEntry.MaxListSize || list.DataSize > list.Runs.Length << volume.Boot.ClusterLog
                || list.InitializedSize != list.DataSize)
            {
                throw Corrupt(record, "has an attribute list that makes no sense.");
            }

            return list;
        }

        return null;
    }

    private byte[] ReadWhole(NtfsAttribute list)
    {
        if (list.Value is { } value)
        {
            return value;
        }

        var content = new byte[list.DataSize];
        new NtfsPagedStream(volume, list).Read(0, content);
        return content;
    }

    /// <summary>Sizes that fit the clusters, so that nobody needs to ask again.</summary>
    private void Check(NtfsFile file, NtfsAttribute attribute)
    {
        if (attribute.Runs is not { } runs)
        {
            return;
        }

        attribute.CompressedSize = attribute.HasCompressedSize ? runs.Allocated << volume.Boot.ClusterLog : 0;
        var allocated = runs.Length << volume.Boot.ClusterLog;
        if (runs.Length > long.MaxValue >> volume.Boot.ClusterLog || attribute.DataSize < 0 || attribute.DataSize > allocated
            || attribute.InitializedSize < 0 || attribute.InitializedSize > attribute.DataSize)
        {
            throw NtfsErrors.Corrupt(
                $"attribute 0x{(uint)attribute.Type:X} of MFT record {file.Number} has {attribute.DataSize} bytes ({attribute.InitializedSize} initialized) "
                + $"on {runs.Length} clusters.");
        }

        if ((attribute.CompressionUnit != 0 && attribute.CompressionUnit != 4 && attribute.IsCompressed)
            || (!attribute.HasCompressedSize && runs.HasHoles && file.Number != NtfsSystemFile.BadClusters))
        {
            throw NtfsErrors.Corrupt($"attribute 0x{(uint)attribute.Type:X} of MFT record {file.Number} has holes or compression that it must not have.");
        }
    }

    private static GuestFileSystemException Corrupt(NtfsRecord record, string message) =>
        NtfsErrors.Corrupt($"MFT record {record.Number} {message}", record.Buffer.Address);
}
