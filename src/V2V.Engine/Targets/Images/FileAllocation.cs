using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace V2V.Engine.Targets.Images;

/// <summary>
/// Takes a file's space from the file system, which .NET only offers for files that are being created by name. Linux has fallocate(2); on
/// Windows a file that is not sparse has its clusters from when its length was set; elsewhere, and where a file system knows no fallocate, zeros are written.
/// </summary>
internal static partial class FileAllocation
{
    private const int EINTR = 4;
    private const int ENOSYS = 38;
    private const int EOPNOTSUPP = 95;

    private const int BlockLength = 1 << 20;

    /// <param name="file">A file of at least this length in which nothing has been written yet.</param>
    /// <param name="length">Bytes from its beginning.</param>
    /// <exception cref="IOException">There is no room.</exception>
    public static void Allocate(SafeFileHandle file, long length)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // On 32-bit systems off_t has 32 bits in this entry point.
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess || !TryAllocate(file, length))
        {
            WriteZeros(file, length);
        }
    }

    /// <summary>False when the file system cannot.</summary>
    private static bool TryAllocate(SafeFileHandle file, long length)
    {
        while (FAllocate(file, 0, 0, length) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error is EOPNOTSUPP or ENOSYS)
            {
                return false;
            }

            if (error != EINTR)
            {
                throw new IOException(Marshal.GetPInvokeErrorMessage(error), error);
            }
        }

        return true;
    }

    private static void WriteZeros(SafeFileHandle file, long length)
    {
        var zeros = new byte[BlockLength];
        for (long offset = 0; offset < length; offset += BlockLength)
        {
            RandomAccess.Write(file, zeros.AsSpan(0, (int)Math.Min(BlockLength, length - offset)), offset);
        }
    }

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int FAllocate(SafeFileHandle file, int mode, long offset, long length);
}
