namespace V2V.Engine.Volumes.Lvm;

/// <summary>A physical volume of a group, and the volume of this guest that it is, or why there is none.</summary>
/// <param name="Record">What the group's metadata says of it.</param>
/// <param name="Present">The volume with its label; null when it is not there or not to be used.</param>
/// <param name="Absence">Why: "is on no disk of this guest".</param>
/// <param name="Advice">What to do about that.</param>
internal sealed record LvmMember(LvmPhysicalVolumeRecord Record, LvmPhysicalVolume? Present, string? Absence = null, string? Advice = null)
{
    /// <param name="record">What the group's metadata says.</param>
    /// <param name="found">Every physical volume of the guest.</param>
    /// <param name="contested">Those that more than one group lists.</param>
    internal static LvmMember Find(LvmPhysicalVolumeRecord record, ILookup<LvmId, LvmPhysicalVolume> found, IReadOnlySet<LvmId> contested)
    {
        if (contested.Contains(record.Id))
        {
            return new LvmMember(
                record, null, "two volume groups list as theirs", "Convert the guest without the disk whose metadata is old, or clear it in the guest (vgck --updatemetadata).");
        }

        var candidates = found[record.Id].ToList();
        if (candidates.Count == 0)
        {
            return new LvmMember(record, null, "is on no disk of this guest", "Convert the guest with all of its disks.");
        }

        if (candidates.FirstOrDefault(c => c.IsOnSoftwareRaid) is { } half)
        {
            return new LvmMember(
                record, null, $"lies on a Linux software RAID ({half.Volume.DisplayName}), which V2V cannot assemble yet", "Convert this guest with virt-v2v for now.");
        }

        if (candidates.Count > 1)
        {
            return new LvmMember(
                record, null, $"is there {candidates.Count} times ({string.Join("; ", candidates.Select(c => c.Volume.DisplayName))})",
                "Convert the guest without the disk that is a copy, or give the copy a UUID of its own (vgimportclone).");
        }

        return record.IsMissing
            ? new LvmMember(
                record, null, "is marked as missing, since the group was changed without it",
                "Bring it back in the guest (vgextend --restoremissing) or remove it (vgreduce --removemissing).")
            : new LvmMember(record, candidates[0]);
    }
}
