using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace V2V.Engine.Targets.Journal;

/// <summary>
/// flock(2), by which .NET keeps <see cref="FileShare.None"/> on Unix, for files that .NET has not opened itself. The lock is gone with the
/// process.
/// </summary>
internal static partial class FileLock
{
    private const int Exclusive = 2; // LOCK_EX
    private const int NonBlocking = 4; // LOCK_NB
    private const int Unlock = 8; // LOCK_UN

    /// <summary>Locks a file that nobody else can have open. File systems without locks are left as they are, as .NET does.</summary>
    public static void Take(SafeFileHandle file) => _ = FLock(file, Exclusive | NonBlocking);

    /// <summary>
    /// Unlocks a file that is about to be closed. Closing it is not enough: a process that this one is just starting has the file open too, until it runs its
    /// program (flock(2)).
    /// </summary>
    public static void Release(SafeFileHandle file)
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = FLock(file, Unlock);
        }
    }

    [LibraryImport("libc", EntryPoint = "flock")]
    private static partial int FLock(SafeFileHandle file, int operation);
}
