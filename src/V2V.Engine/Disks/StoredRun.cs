using Microsoft.Win32.SafeHandles;

namespace V2V.Engine.Disks;

/// <summary>Bytes of a disk that a file of this host holds as they are.</summary>
/// <param name="File">The file, open as long as the disk is.</param>
/// <param name="Offset">Where in the file the first byte lies.</param>
/// <param name="Length">How many bytes follow each other there.</param>
internal readonly record struct StoredRun(SafeFileHandle File, long Offset, long Length);
