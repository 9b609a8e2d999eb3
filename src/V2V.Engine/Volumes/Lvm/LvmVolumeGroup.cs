namespace V2V.Engine.Volumes.Lvm;

/// <summary>
/// Puts a volume group together from its metadata and the physical volumes that are there. What cannot be used is not left out: it becomes a
/// volume that says why, so that it matters only to a guest that needs it.
/// </summary>
internal sealed class LvmVolumeGroup
{
    private readonly LvmVolumeGroupMetadata _metadata;
    private readonly Dictionary<string, LvmMember> _members;
    private readonly LvmAllocation _allocation;
    private readonly Dictionary<string, string> _snapshots = new(StringComparer.Ordinal);

    /// <summary>Snapshots are visible although their stores are not marked so (lvm2, lv_is_visible).</summary>
    private readonly HashSet<string> _shown = new(StringComparer.Ordinal);

    private readonly Lazy<bool> _isUnderstood;

    /// <param name="metadata">The group's newest metadata.</param>
    /// <param name="found">Every physical volume of the guest.</param>
    /// <param name="contested">Those that more than one group lists.</param>
    /// <exception cref="VolumeException">The metadata contradicts itself.</exception>
    internal LvmVolumeGroup(LvmVolumeGroupMetadata metadata, ILookup<LvmId, LvmPhysicalVolume> found, IReadOnlySet<LvmId> contested)
    {
        _metadata = metadata;
        _members = metadata.PhysicalVolumes.ToDictionary(p => p.Name, p => LvmMember.Find(p, found, contested), StringComparer.Ordinal);
        _allocation = new LvmAllocation(metadata);
        _isUnderstood = new Lazy<bool>(
            () => GroupRefusal(isNameTaken: false) is null && _members.Values.All(m => m.Present is not null) && metadata.LogicalVolumes.All(l => Refusal(l) is null));
        foreach (var snapshot in metadata.LogicalVolumes.SelectMany(l => l.Segments).Where(s => s.Type == LvmSegment.Snapshot))
        {
            _snapshots[snapshot.SnapshotOrigin ?? ""] = "has a snapshot";
            _snapshots[snapshot.SnapshotStore ?? ""] = "is a snapshot";
            _shown.UnionWith(snapshot is { IsMerging: false, SnapshotStore: { } store } ? [store] : []);
        }
    }

    internal string Name => _metadata.Name;

    internal LvmId Id => _metadata.Id;

    internal IEnumerable<LvmMember> Members => _members.Values;

    /// <summary>The visible logical volumes in the metadata's order.</summary>
    /// <param name="isNameTaken">True when another volume group has the same name.</param>
    internal IEnumerable<Volume> Volumes(bool isNameTaken)
    {
        var refusal = GroupRefusal(isNameTaken);
        foreach (var record in _metadata.LogicalVolumes.Where(l => l.IsVisible || _shown.Contains(l.Name)))
        {
            var failure = refusal is var (what, advice)
                ? LvmErrors.Unsupported($"{_metadata.Name}/{record.Name} is in the volume group {_metadata.Name}, which {what}", advice)
                : Refusal(record);
            var device = new LvmDevice(failure is null ? [.. record.Segments.Select(Map)] : []);
            var first = failure is null ? device.DiskRanges(0, 1).First().DiskIndex : _members.Values.Select(m => m.Present?.Volume.DiskIndex).Min() ?? 0;
            yield return new Volume
            {
                Kind = VolumeKind.LogicalVolume,
                Device = device,
                DiskIndex = first,
                VolumeGroup = _metadata.Name,
                VolumeGroupUuid = _metadata.Id.ToString(),
                LogicalVolume = record.Name,
                LogicalVolumeUuid = record.Id.ToString(),
                Failure = failure,
            };
        }
    }

    /// <summary>
    /// The extents of a physical volume that belong to no logical volume. None are named unless everything in the group is understood: an
    /// unknown kind of volume may use extents in ways that are not seen here.
    /// </summary>
    internal IReadOnlyList<DiskRange> Unallocated(LvmMember member)
    {
        if (member.Present is not { } physical || !_isUnderstood.Value)
        {
            return [];
        }

        var record = member.Record;
        var usable = Math.Min(record.ExtentCount, Math.Max(0, physical.Volume.Device.Length - record.FirstExtent) / _metadata.ExtentSize);
        return
        [
            .. _allocation.FreeRuns(record.Name, usable).SelectMany(run => physical.Volume.DiskRanges(
                record.FirstExtent + run.Start * _metadata.ExtentSize, run.Count * _metadata.ExtentSize)),
        ];
    }

    private LvmMappedSegment Map(LvmSegment segment)
    {
        var size = _metadata.ExtentSize;
        return new LvmMappedSegment(
            segment.StartExtent * size,
            segment.ExtentCount * size,
            segment.StripeSize,
            [.. segment.Stripes.Select(s => new LvmLeg(_members[s.On].Present!.Volume, _members[s.On].Record.FirstExtent + s.Extent * size))]);
    }

    /// <summary>Why no volume of the group can be used: "is exported".</summary>
    private (string What, string Advice)? GroupRefusal(bool isNameTaken)
    {
        if (_metadata.Status.Contains("EXPORTED"))
        {
            return ("is exported, so that the guest itself does not use it", $"Run 'vgimport {_metadata.Name}' in the guest if it should.");
        }

        if (_metadata.Status.Contains("CLUSTERED") || _metadata.Status.Contains("SHARED") || _metadata.LockType is not (null or "none"))
        {
            return ("is shared with other hosts, which may be writing to it", "Take it over in the guest with 'vgchange --lock-type none' (clvm: 'vgchange -cn').");
        }

        if (_metadata.Status.FirstOrDefault(s => !LvmStatus.OfGroup.Contains(s)) is { } unknown)
        {
            return ($"has the status {LvmText.Printable(unknown)}, which V2V does not know", "Convert this guest with virt-v2v for now.");
        }

        return isNameTaken
            ? ("has the name of another one", $"Give one a new name in the guest: 'vgrename {_metadata.Id} NEW-NAME'.")
            : null;
    }

    /// <summary>Why a volume cannot be used.</summary>
    private VolumeException? Refusal(LvmLogicalVolumeRecord record)
    {
        var volume = $"{_metadata.Name}/{record.Name}";
        if (record.Status.Contains("PVMOVE") || record.Status.Contains("LOCKED"))
        {
            return LvmErrors.Unsupported($"{volume} is being moved by pvmove", "Let pvmove finish in the guest ('pvmove'), or end it with 'pvmove --abort'.");
        }

        if (_snapshots.TryGetValue(record.Name, out var how))
        {
            return LvmErrors.Unsupported($"{volume} {how}, which a change would spoil", "Remove or merge the snapshot in the guest (lvremove, lvconvert --merge).");
        }

        if (record.Status.FirstOrDefault(s => !LvmStatus.OfLogicalVolume.Contains(s)) is { } unknown)
        {
            return LvmErrors.Unsupported($"{volume} has the status {LvmText.Printable(unknown)}, which V2V does not know", "Convert this guest with virt-v2v for now.");
        }

        if (record.Segments.Count == 0)
        {
            return LvmErrors.Unsupported($"{volume} has no extents", "Remove it in the guest (lvremove).");
        }

        if (record.Segments.FirstOrDefault(s => s.Type != LvmSegment.Striped) is { } other)
        {
            var (what, advice) = LvmSegmentTypes.Describe(other.Type);
            return LvmErrors.Unsupported($"{volume} {what}, which V2V cannot open", advice);
        }

        return record.Segments.SelectMany(s => s.Stripes.Select(stripe => Refusal(volume, s, stripe))).FirstOrDefault(e => e is not null);
    }

    private VolumeException? Refusal(string volume, LvmSegment segment, LvmStripe stripe)
    {
        if (!_members.TryGetValue(stripe.On, out var member))
        {
            return LvmErrors.Unsupported($"{volume} lies on the volume {LvmText.Printable(stripe.On)}, a layer that V2V does not know", "Convert this guest with virt-v2v for now.");
        }

        if (member.Absence is { } absence)
        {
            return LvmErrors.Unsupported($"{volume} lies on the physical volume {member.Record.Describe()}, which {absence}", member.Advice!);
        }

        var end = member.Record.FirstExtent + (stripe.Extent + segment.StripeExtents) * _metadata.ExtentSize;
        return end <= member.Present!.Volume.Device.Length
            ? null
            : LvmErrors.Corrupt(
                $"{volume} reaches to byte {end} of {member.Present.Volume.DisplayName}, which has {member.Present.Volume.Device.Length}");
    }
}
