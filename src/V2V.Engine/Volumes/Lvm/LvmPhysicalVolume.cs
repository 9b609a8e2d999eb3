namespace V2V.Engine.Volumes.Lvm;

/// <summary>A volume that carries a label of LVM2, with the copies of its group's metadata that could be read from it.</summary>
internal sealed class LvmPhysicalVolume
{
    private LvmPhysicalVolume(Volume volume, LvmPhysicalVolumeHeader header, IReadOnlyList<LvmVolumeGroupMetadata> copies, VolumeException? damage)
    {
        Volume = volume;
        Header = header;
        Copies = copies;
        Damage = damage;
    }

    internal Volume Volume { get; }

    internal LvmPhysicalVolumeHeader Header { get; }

    internal LvmId Id => Header.Id;

    /// <summary>From the areas that are whole; none on a physical volume that keeps no metadata.</summary>
    internal IReadOnlyList<LvmVolumeGroupMetadata> Copies { get; }

    /// <summary>Why an area could not be read. It matters when nothing else tells of the volume group.</summary>
    internal VolumeException? Damage { get; }

    /// <summary>Half of a mirror begins like the physical volume on it, but ends where the mirror keeps its own records.</summary>
    internal bool IsOnSoftwareRaid => Header.DeviceSize < Volume.Device.Length && LinuxRaidSuperblock.TryRead(Volume.Device) is not null;

    /// <summary>Reads the label and every metadata area; null when the volume has no label of LVM2.</summary>
    /// <exception cref="VolumeException">The label's checksum is right, but what it says cannot be.</exception>
    internal static LvmPhysicalVolume? TryOpen(Volume volume, LvmMetadataCache parsed)
    {
        if (LvmLabel.TryRead(volume.Device) is not { } label)
        {
            return null;
        }

        var header = LvmPhysicalVolumeHeader.Read(label);
        var copies = new List<LvmVolumeGroupMetadata>();
        VolumeException? damage = null;
        foreach (var area in header.MetadataAreas)
        {
            try
            {
                if (LvmMetadataArea.ReadText(volume.Device, area) is { } text)
                {
                    copies.Add(parsed.Parse(text));
                }
            }
            catch (VolumeException e)
            {
                damage ??= e;
            }
        }

        return new LvmPhysicalVolume(volume, header, copies, damage);
    }
}
