namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Writes the records of a file as they are planned, where they differ from what is there.</summary>
internal sealed class NtfsRecordWriter(NtfsVolume volume, NtfsFile file)
{
    private bool _isAssigned;

    /// <summary>Numbers the attributes of each record; those that stay keep theirs.</summary>
    public void AssignInstances(IReadOnlyList<NtfsRecordPlan> plans)
    {
        var homes = new Dictionary<NtfsAttribute, List<NtfsExtentHome>>();
        foreach (var plan in plans)
        {
            var number = plan.Number!.Value;
            var used = new HashSet<ushort>();
            var fresh = new List<NtfsExtent>();
            foreach (var extent in plan.Extents)
            {
                var known = extent.Attribute.Homes.FindIndex(h => h.Record == number && h.LowestVcn == extent.LowestVcn);
                if (known >= 0 && used.Add(extent.Attribute.Homes[known].Instance))
                {
                    extent.Instance = extent.Attribute.Homes[known].Instance;
                }
                else
                {
                    fresh.Add(extent);
                }
            }

            plan.NextInstance = volume.Mft.Read(number).NextInstance;
            foreach (var extent in fresh)
            {
                while (!used.Add(plan.NextInstance))
                {
                    plan.NextInstance++;
                }

                extent.Instance = plan.NextInstance++;
            }

            foreach (var extent in plan.Extents)
            {
                if (!homes.TryGetValue(extent.Attribute, out var list))
                {
                    homes.Add(extent.Attribute, list = []);
                }

                list.Add(new NtfsExtentHome(number, extent.Instance, extent.LowestVcn));
            }
        }

        foreach (var (attribute, list) in homes)
        {
            attribute.Homes = list;
        }

        _isAssigned = true;
    }

    public void Write(IReadOnlyList<NtfsRecordPlan> plans)
    {
        if (!_isAssigned)
        {
            AssignInstances(plans);
        }

        foreach (var plan in plans)
        {
            Write(plan, plan == plans[0]);
        }
    }

    private void Write(NtfsRecordPlan plan, bool isFirst)
    {
        var record = volume.Mft.Read(plan.Number!.Value);
        var data = new byte[record.Buffer.Data.Length];
        var span = data.AsSpan();
        record.Buffer.Data.AsSpan(0, record.AttributesOffset).CopyTo(span);

        // A stable order: attributes of one type and name stay as they are.
        plan.Extents.Sort((a, b) => a.Attribute.Type != b.Attribute.Type ? a.Attribute.Type.CompareTo(b.Attribute.Type) : IndexOf(a).CompareTo(IndexOf(b)));
        var at = record.AttributesOffset;
        foreach (var extent in plan.Extents)
        {
            at += extent.Attribute.IsResident
                ? NtfsAttributeRecord.WriteResident(span[at..], extent.Attribute, extent.Instance)
                : NtfsAttributeRecord.WriteExtent(span[at..], extent.Attribute, extent.Instance, extent.Runs, extent.LowestVcn);
        }

        span.Put32(at, NtfsAttributeRecord.EndMark);
        span.Put32(NtfsRecord.Offsets.BytesInUse, (uint)at + 8);
        span.Put16(NtfsRecord.Offsets.NextInstance, plan.NextInstance);
        span.Put16(NtfsRecord.Offsets.LinkCount, isFirst ? file.LinkCount : 0);
        span.Put16(NtfsRecord.Offsets.Flags, (ushort)(isFirst ? file.Flags : NtfsRecordFlags.InUse));
        span.Put64(NtfsRecord.Offsets.Base, isFirst ? 0 : file.Reference.Value);
        if (!span.SequenceEqual(record.Buffer.Data))
        {
            volume.Cache.Change(record.Buffer);
            data.CopyTo(record.Buffer.Data, 0);
        }
    }

    private int IndexOf(NtfsExtent extent) => file.Attributes.IndexOf(extent.Attribute);
}
