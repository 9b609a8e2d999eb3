using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using V2V.Engine.Disks;

namespace V2V.Engine.Targets.Images;

/// <summary>
/// ioctl_ficlonerange(2): makes a range of a file share the blocks of another one's, which XFS, btrfs, bcachefs and NFS 4.2 can within a file system. Nothing is
/// read or written; each of the two stays as it is when the other is written to.
/// </summary>
internal static partial class FileClone
{
    /// <summary>Ranges start and end on blocks of the file system; those with larger ones refuse.</summary>
    public const int BlockSize = 4096;

    private const uint FICLONERANGE = 0x4020940D; // linux/fs.h: _IOW(0x94, 13, struct file_clone_range)
    private const int EINTR = 4;

    // Others number the direction of an ioctl otherwise.
    private static readonly bool s_isAvailable = OperatingSystem.IsLinux()
        && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>False where the system cannot, or these two files are not of a kind; the range of the target is then as it was.</summary>
    public static bool TryClone(SafeFileHandle target, long offset, in StoredRun source)
    {
        if (!s_isAvailable)
        {
            return false;
        }

        var held = false;
        try
        {
            source.File.DangerousAddRef(ref held);
            var range = new Range { File = source.File.DangerousGetHandle(), Offset = source.Offset, Length = source.Length, TargetOffset = offset };
            int result;
            while ((result = Call(target, FICLONERANGE, ref range)) < 0 && Marshal.GetLastPInvokeError() == EINTR)
            {
            }

            return result == 0;
        }
        finally
        {
            if (held)
            {
                source.File.DangerousRelease();
            }
        }
    }

    /// <summary>struct file_clone_range</summary>
    private struct Range
    {
        public long File;
        public long Offset;
        public long Length;
        public long TargetOffset;
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Call(SafeFileHandle file, nuint request, ref Range range);
}
