namespace V2V.Engine.Volumes.Lvm;

/// <summary>A logical volume as the metadata describes it, the hidden parts of others among them.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its UUID.</param>
/// <param name="Status">Flags that LVM must understand to use it.</param>
/// <param name="Segments">Its segments in the order of its extents, without gaps.</param>
internal sealed record LvmLogicalVolumeRecord(string Name, LvmId Id, IReadOnlySet<string> Status, IReadOnlyList<LvmSegment> Segments)
{
    /// <summary>False for parts of other volumes (_tmeta, _mlog, pvmove...), which get no names below /dev.</summary>
    internal bool IsVisible => Status.Contains("VISIBLE");

    internal static LvmLogicalVolumeRecord Read(LvmSection section, long extentSize)
    {
        if (!LvmName.IsValid(section.Name))
        {
            throw LvmErrors.Corrupt($"An LVM logical volume is called \"{LvmText.Printable(section.Name)}\", which LVM does not allow");
        }

        var segments = section.Sections.Select(s => LvmSegment.Read(s, section.Name, extentSize)).OrderBy(s => s.StartExtent).ToList();
        if (segments.Count != section.Number("segment_count"))
        {
            throw LvmErrors.Corrupt($"The LVM logical volume {section.Name} has {segments.Count} segments and says that it has {section.Number("segment_count")}");
        }

        var next = 0L;
        foreach (var segment in segments)
        {
            if (segment.StartExtent != next)
            {
                throw LvmErrors.Corrupt($"The segments of the LVM logical volume {section.Name} overlap or leave a gap at extent {next}");
            }

            next += segment.ExtentCount;
        }

        return next <= long.MaxValue / extentSize
            ? new LvmLogicalVolumeRecord(section.Name, section.Id("id"), section.Flags("status"), segments)
            : throw LvmErrors.Corrupt($"The LVM logical volume {section.Name} has {next} extents, more than any disk can hold");
    }
}
