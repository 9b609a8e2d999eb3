namespace V2V.Engine.Volumes.Lvm;

/// <summary>
/// Finds the volume groups of LVM2 on a guest's partitions and whole disks. No state of LVM's is needed for it but what stands on the disks: the
/// guest's own settings (filters, devices files, system id) decide what its LVM uses, and are the conversion's matter.
/// </summary>
internal static class LvmVolumeGroups
{
    /// <summary>The volumes, the physical ones with what became of them, followed by the logical volumes.</summary>
    internal static IReadOnlyList<Volume> Discover(IReadOnlyList<Volume> volumes)
    {
        var parsed = new LvmMetadataCache();
        var physical = new List<LvmPhysicalVolume>();
        var failures = new Dictionary<Volume, VolumeException>(ReferenceEqualityComparer.Instance);
        foreach (var volume in volumes)
        {
            try
            {
                if (LvmPhysicalVolume.TryOpen(volume, parsed) is { } found)
                {
                    physical.Add(found);
                }
            }
            catch (VolumeException e)
            {
                failures.Add(volume, e);
            }
        }

        if (physical.Count == 0 && failures.Count == 0)
        {
            return volumes;
        }

        var groups = Assemble(physical, failures);
        var logical = groups
            .SelectMany(g => g.Volumes(isNameTaken: groups.Any(other => other != g && other.Name == g.Name)))
            .Select(RefuseNested);
        return [.. volumes.Select(v => Annotate(v, groups, failures)), .. logical];
    }

    /// <summary>A group for each UUID, by its newest metadata.</summary>
    private static List<LvmVolumeGroup> Assemble(List<LvmPhysicalVolume> physical, Dictionary<Volume, VolumeException> failures)
    {
        var byId = physical.ToLookup(p => p.Id);
        var groups = new List<LvmVolumeGroup>();

        // The order of the disks decides between copies of one number, which differ only after damage.
        var metadata = physical.SelectMany(p => p.Copies).GroupBy(c => c.Id).Select(copies => copies.MaxBy(c => c.SequenceNumber)!).ToList();
        var contested = metadata.SelectMany(m => m.PhysicalVolumes).GroupBy(p => p.Id).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet();
        foreach (var newest in metadata)
        {
            try
            {
                groups.Add(new LvmVolumeGroup(newest, byId, contested));
            }
            catch (VolumeException e)
            {
                foreach (var member in physical.Where(p => p.Copies.Any(c => c.Id == newest.Id) || newest.PhysicalVolumes.Any(r => r.Id == p.Id)))
                {
                    failures.TryAdd(member.Volume, e);
                }
            }
        }

        var claimed = groups.SelectMany(g => g.Members).Select(m => m.Record.Id).ToHashSet();
        foreach (var orphan in physical.Where(p => !claimed.Contains(p.Id)))
        {
            if (orphan.Copies.Count > 0)
            {
                failures.TryAdd(orphan.Volume, LvmErrors.Unsupported(
                    $"The physical volume {orphan.Id} was removed from the volume group {orphan.Copies[0].Name} while it was away",
                    "Convert the guest without this disk, or clear it in the guest (vgck --updatemetadata)."));
            }
            else if (orphan.Damage is { } damage)
            {
                failures.TryAdd(orphan.Volume, damage);
            }
        }

        return groups;
    }

    private static Volume Annotate(Volume volume, List<LvmVolumeGroup> groups, Dictionary<Volume, VolumeException> failures)
    {
        if (failures.TryGetValue(volume, out var failure))
        {
            return volume with { Failure = failure };
        }

        foreach (var group in groups)
        {
            if (group.Members.FirstOrDefault(m => ReferenceEquals(m.Present?.Volume, volume)) is { } member)
            {
                return volume with { VolumeGroup = group.Name, VolumeGroupUuid = group.Id.ToString(), Unallocated = group.Unallocated(member) };
            }
        }

        return volume;
    }

    /// <summary>A physical volume on a logical one: the virtual machine of a guest that is a host itself, most often.</summary>
    private static Volume RefuseNested(Volume volume) => volume.Failure is null && LvmLabel.TryRead(volume.Device) is not null
        ? volume with
        {
            Failure = LvmErrors.Unsupported(
                $"{volume.DisplayName} is itself a physical volume of LVM, and V2V does not look for volume groups on logical volumes",
                "It is copied as it is. A system on it has to be moved to a volume group of its own disk."),
        }
        : volume;
}
