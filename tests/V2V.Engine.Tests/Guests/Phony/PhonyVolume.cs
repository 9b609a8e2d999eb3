using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Volumes;

namespace V2V.Engine.Tests.Guests.Phony;

/// <param name="Kind">"ext4", "xfs", "vfat", "swap", "lvm", "biosboot".</param>
/// <param name="Volume">Where it lies.</param>
/// <param name="FileSystem">Its files; null for what is no file system.</param>
/// <param name="Uuid">As blkid would print it.</param>
internal sealed record PhonyVolume(string Kind, Volume Volume, MemoryFileSystem? FileSystem, string? Uuid);
