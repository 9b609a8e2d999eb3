namespace V2V.Engine.Volumes.Lvm;

/// <summary>A physical volume as its group's metadata lists it.</summary>
/// <param name="Name">Its name within the metadata: "pv0".</param>
/// <param name="Id">The UUID that its label must have.</param>
/// <param name="DeviceHint">Where LVM saw it last, such as "/dev/sdb1"; only for messages.</param>
/// <param name="IsMissing">Marked as lost: LVM wrote on while it was away, so what it holds may be old.</param>
/// <param name="FirstExtent">Byte at which its extents begin.</param>
/// <param name="ExtentCount">Number of its extents.</param>
internal sealed record LvmPhysicalVolumeRecord(string Name, LvmId Id, string? DeviceHint, bool IsMissing, long FirstExtent, long ExtentCount)
{
    private const int SectorLength = 512;

    internal static LvmPhysicalVolumeRecord Read(LvmSection section, long extentSize)
    {
        var first = section.Number("pe_start", long.MaxValue / SectorLength) * SectorLength;
        return new LvmPhysicalVolumeRecord(
            section.Name,
            section.Id("id"),
            section.TryText("device"),
            section.Flags("status").Contains("MISSING") || section.Flags("flags").Contains("MISSING"),
            first,
            section.Number("pe_count", Math.Min(uint.MaxValue, (long.MaxValue - first) / extentSize)));
    }

    /// <summary>"0RnJjY-... (last seen as /dev/sdb1)".</summary>
    internal string Describe() => DeviceHint is null ? $"{Id}" : $"{Id} (last seen as {LvmText.Printable(DeviceHint)})";
}
