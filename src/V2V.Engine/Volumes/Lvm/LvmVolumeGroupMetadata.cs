namespace V2V.Engine.Volumes.Lvm;

/// <summary>A volume group as one text describes it (lvm2, lib/format_text/import_vsn1.c). Sizes are in bytes, extents are counted.</summary>
internal sealed record LvmVolumeGroupMetadata
{
    private const int SectorLength = 512;

    /// <summary>The only version of the text format that there has been.</summary>
    private const int TextVersion = 1;

    internal required string Name { get; init; }

    internal required LvmId Id { get; init; }

    /// <summary>Counts the changes: the copy with the highest one is the one that counts.</summary>
    internal required long SequenceNumber { get; init; }

    internal required long ExtentSize { get; init; }

    internal required IReadOnlySet<string> Status { get; init; }

    /// <summary>"sanlock", "dlm" or "idm" when hosts share the group under a lock manager.</summary>
    internal string? LockType { get; init; }

    internal required IReadOnlyList<LvmPhysicalVolumeRecord> PhysicalVolumes { get; init; }

    internal required IReadOnlyList<LvmLogicalVolumeRecord> LogicalVolumes { get; init; }

    /// <exception cref="VolumeException">The text is not that of a volume group.</exception>
    internal static LvmVolumeGroupMetadata Parse(string text)
    {
        var root = LvmTextParser.Parse(text);
        if (root.Number("version") != TextVersion || root.Sections.Count != 1)
        {
            throw LvmErrors.Corrupt($"The LVM metadata is not one volume group in version {TextVersion} of the text format");
        }

        var group = root.Sections[0];
        if (!LvmName.IsValid(group.Name))
        {
            throw LvmErrors.Corrupt($"The LVM volume group is called \"{LvmText.Printable(group.Name)}\", which LVM does not allow");
        }

        var extentSize = group.Number("extent_size") * SectorLength;
        if (extentSize == 0)
        {
            throw LvmErrors.Corrupt($"The LVM volume group {group.Name} has extents of no size");
        }

        var physical = group.TrySection("physical_volumes")?.Sections ?? [];
        var logical = group.TrySection("logical_volumes")?.Sections ?? [];
        var records = physical.Select(p => LvmPhysicalVolumeRecord.Read(p, extentSize)).ToList();
        if (records.DistinctBy(r => r.Id).Count() != records.Count)
        {
            throw LvmErrors.Corrupt($"The LVM volume group {group.Name} has one physical volume twice");
        }

        return new LvmVolumeGroupMetadata
        {
            Name = group.Name,
            Id = group.Id("id"),
            SequenceNumber = group.Number("seqno"),
            ExtentSize = extentSize,
            Status = group.Flags("status"),
            LockType = group.TryText("lock_type"),
            PhysicalVolumes = records,
            LogicalVolumes = [.. logical.Select(l => LvmLogicalVolumeRecord.Read(l, extentSize))],
        };
    }
}
