using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace V2V.Engine.Targets.Images;

/// <summary>
/// fallocate(2). Takes a file's space from the file system, which .NET only offers for files that are being created by name. Linux has fallocate(2); on
/// Windows a file that is not sparse has its clusters from when its length was set; elsewhere, and where a file system knows no fallocate, zeros are written.
/// </summary>
internal static partial class FileAllocation
{
    // linux/falloc.h
    private const int KeepSize = 1;
    private const int PunchHole = 2;
    private const int ZeroRange = 16;

    private const int EINTR = 4;
    private const int ENOSYS = 38;
    private const int EOPNOTSUPP = 95;

    private const int BlockLength = 1 << 20;

    /// <param name="file">A file of at least this length in which nothing has been written yet.</param>
    /// <param name="length">Bytes from its beginning.</param>
    /// <exception cref="IOException">There is no room.</exception>
    public static void Allocate(SafeFileHandle file, long length) => Allocate(file, 0, length);

    /// <param name="file">A file that reaches beyond the range, in which there are zeros.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes.</param>
    /// <exception cref="IOException">There is no room.</exception>
    public static void Allocate(SafeFileHandle file, long offset, long length)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // On 32-bit systems off_t has 32 bits in this entry point.
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess || !TryAllocate(file, offset, length))
        {
            WriteZeros(file, offset, length);
        }
    }

    /// <summary>Takes space for a range of a file, which becomes as long as that. False where that cannot be; some of it may be taken then.</summary>
    public static bool TryReserve(SafeFileHandle file, long offset, long length) => FAllocate(file, 0, offset, length) == 0;

    /// <summary>Makes a range of a block device zero without writing it. False where the device cannot do that, or it fails.</summary>
    public static bool TryDiscard(SafeFileHandle device, long offset, long length) => FAllocate(device, PunchHole | KeepSize, offset, length) == 0;

    /// <summary>Makes a range of a block device zero, if need be by writing it.</summary>
    public static bool TryZero(SafeFileHandle device, long offset, long length) => FAllocate(device, ZeroRange | KeepSize, offset, length) == 0;

    /// <summary>Makes a range of a file zero, in the way that costs least.</summary>
    /// <param name="file">The file, which reaches beyond the range.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="keepsSpace">The range keeps its place on the disk.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Clear(SafeFileHandle file, long offset, long length, bool keepsSpace)
    {
        // On 32-bit systems off_t has 32 bits in this entry point.
        if (!Environment.Is64BitProcess || !(keepsSpace ? TryZero(file, offset, length) : TryDiscard(file, offset, length)))
        {
            WriteZeros(file, offset, length);
        }
    }

    /// <summary>False when the file system cannot.</summary>
    private static bool TryAllocate(SafeFileHandle file, long offset, long length) => FAllocate(file, 0, offset, length) switch
    {
        0 => true,
        EOPNOTSUPP or ENOSYS => false,
        var error => throw new IOException(Marshal.GetPInvokeErrorMessage(error), error),
    };

    /// <returns>The error's number; 0 for success.</returns>
    private static int FAllocate(SafeFileHandle file, int mode, long offset, long length)
    {
        if (!OperatingSystem.IsLinux())
        {
            return ENOSYS;
        }

        while (Call(file, mode, offset, length) < 0)
        {
            if (Marshal.GetLastPInvokeError() is not EINTR and var error)
            {
                return error;
            }
        }

        return 0;
    }

    private static void WriteZeros(SafeFileHandle file, long offset, long length)
    {
        var zeros = new byte[BlockLength];
        for (var end = offset + length; offset < end; offset += BlockLength)
        {
            RandomAccess.Write(file, zeros.AsSpan(0, (int)Math.Min(BlockLength, end - offset)), offset);
        }
    }

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Call(SafeFileHandle file, int mode, long offset, long length);
}
