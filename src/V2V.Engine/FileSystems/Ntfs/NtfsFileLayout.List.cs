namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Files that need more than one record: the records besides the first one, and the attribute list that names them.</summary>
internal sealed partial class NtfsFileLayout
{
    private void StoreSpread(List<NtfsRecordPlan> plans, int listSize, bool isResident)
    {
        while (file.Extensions.Count < plans.Count - 1)
        {
            file.Extensions.Add(volume.Records.AllocateExtension(file));
        }

        ReleaseExtensions(plans.Count - 1);
        for (var i = 1; i < plans.Count; i++)
        {
            plans[i].Number = file.Extensions[i - 1].Number;
        }

        CheckMft(plans);
        var list = file.List ??= new NtfsAttribute(NtfsAttributeType.AttributeList, "") { Value = [] };
        Size(list, listSize, isResident);
        plans[0].Extents.Insert(0, NtfsExtent.Whole(list));
        if (!list.IsResident && SizeOf(list) > ListOnClusters)
        {
            throw NtfsErrors.Full($"The attribute list of MFT record {file.Number} has too many runs.");
        }

        // The list's contents name the instances, which the writer gives.
        var writer = new NtfsRecordWriter(volume, file);
        writer.AssignInstances(plans);
        var content = ListContent(plans, listSize);
        if (list.IsResident)
        {
            list.Value = content;
        }
        else
        {
            new NtfsPagedStream(volume, list).Write(0, content);
        }

        writer.Write(plans);
    }

    private void Size(NtfsAttribute list, int size, bool isResident)
    {
        var space = new NtfsClusterSpace(volume, file, list);
        if (isResident)
        {
            if (!list.IsResident)
            {
                space.Clear();
                list.Runs = null;
            }

            list.Value = new byte[size];
            return;
        }

        // A list that grows by and by lies in many pieces, and the record has no space for their runs: then it goes to a new place as a whole.
        list.Value = null;
        list.Runs ??= new NtfsRunList();
        var clusters = (size + volume.Boot.ClusterSize - 1) >> volume.Boot.ClusterLog;
        space.Resize(clusters);
        if (SizeOf(list) > ListOnClusters)
        {
            space.Clear();
            space.Resize(clusters);
        }

        list.DataSize = list.InitializedSize = size;
    }

    private byte[] ListContent(List<NtfsRecordPlan> plans, int size)
    {
        var content = new byte[size];
        var at = 0;
        foreach (var attribute in file.Attributes)
        {
            foreach (var home in attribute.Homes)
            {
                var sequence = home.Record == file.Number ? file.Sequence : file.Extensions.Find(e => e.Number == home.Record).Sequence;
                var entry = new NtfsAttributeListEntry(attribute.Type, attribute.Name, home.LowestVcn, new NtfsReference(home.Record, sequence), home.Instance);
                entry.Write(content.AsSpan(at));
                at += entry.Size;
            }
        }

        return at == size ? content : throw new InvalidOperationException("An attribute list has another size than planned.");
    }

    /// <summary>Each of the MFT's own records must lie in clusters that the records before it name.</summary>
    private void CheckMft(List<NtfsRecordPlan> plans)
    {
        if (file.Number != NtfsSystemFile.Mft)
        {
            return;
        }

        long known = 0;
        foreach (var plan in plans)
        {
            if (plan != plans[0] && ((long)(plan.Number!.Value + 1) * RecordSize) > known << volume.Boot.ClusterLog)
            {
                throw NtfsErrors.Full("The MFT is too fragmented to be extended.");
            }

            foreach (var extent in plan.Extents.Where(e => IsMftData(e.Attribute)))
            {
                known = extent.Runs[^1].End;
            }
        }
    }

    private void DropList()
    {
        if (file.List is { IsResident: false } list)
        {
            new NtfsClusterSpace(volume, file, list).Clear();
        }

        file.List = null;
    }

    private void ReleaseExtensions(int keep)
    {
        while (file.Extensions.Count > keep)
        {
            volume.Records.Free(file.Extensions[^1].Number);
            file.Extensions.RemoveAt(file.Extensions.Count - 1);
        }
    }
}
