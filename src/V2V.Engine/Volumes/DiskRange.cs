namespace V2V.Engine.Volumes;

/// <summary>A range of one of the guest's disks.</summary>
/// <param name="DiskIndex">Zero-based index in the source guest's disk order.</param>
/// <param name="Offset">First byte on the disk.</param>
/// <param name="Length">Number of bytes.</param>
public readonly record struct DiskRange(int DiskIndex, long Offset, long Length);
