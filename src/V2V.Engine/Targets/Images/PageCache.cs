using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace V2V.Engine.Targets.Images;

/// <summary>
/// posix_fadvise(2). What was written and flushed stays in the host's memory, and reading it again would prove nothing about the disk. File
/// systems without a disk (tmpfs) keep it all the same, and systems other than Linux are not asked.
/// </summary>
internal static partial class PageCache
{
    private const int DontNeed = 4; // POSIX_FADV_DONTNEED

    /// <summary>Drops what the host's memory holds of a file whose data has been flushed.</summary>
    public static void Drop(SafeFileHandle file)
    {
        // On 32-bit systems off_t has 32 bits in this entry point. It is advice: a host that cannot take it reads from memory.
        if (OperatingSystem.IsLinux() && Environment.Is64BitProcess)
        {
            _ = Advise(file, 0, 0, DontNeed);
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);
}
