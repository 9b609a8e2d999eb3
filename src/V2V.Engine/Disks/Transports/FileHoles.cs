using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace V2V.Engine.Disks.Transports;

/// <summary>
/// Where a sparse file has holes, by lseek's SEEK_DATA and SEEK_HOLE. The one place here that knows the host's system:
/// where the question cannot be asked, everything is data.
/// </summary>
internal static partial class FileHoles
{
    private const int SeekEnd = 2;

    // Linux and FreeBSD number them 3 and 4, macOS the other way round.
    private static readonly int SeekData = OperatingSystem.IsMacOS() ? 4 : 3;
    private static readonly int SeekHole = OperatingSystem.IsMacOS() ? 3 : 4;

    // "No data from here on", the same number on every Unix.
    private const int ENXIO = 6;

    private static bool IsAvailable => OperatingSystem.IsLinux() || OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD();

    public static IEnumerable<DiskExtent> Extents(SafeFileHandle handle, long offset, long length)
    {
        long end = offset + length;
        bool known = IsAvailable;
        while (offset < end)
        {
            long data = known ? Seek(handle, offset, SeekData) : offset;
            if (data == -1 && Marshal.GetLastPInvokeError() == ENXIO)
            {
                yield return new DiskExtent(offset, end - offset, IsZero: true);
                yield break;
            }

            if (data > offset)
            {
                data = Math.Min(data, end);
                yield return new DiskExtent(offset, data - offset, IsZero: true);
                offset = data;
                continue;
            }

            long hole = known && data == offset ? Seek(handle, offset, SeekHole) : -1;
            if (hole <= offset)
            {
                // The file system cannot tell.
                hole = end;
                known = false;
            }

            hole = Math.Min(hole, end);
            yield return new DiskExtent(offset, hole - offset, IsZero: false);
            offset = hole;
        }
    }

    /// <summary>Size of a block device, which stat reports as empty; 0 for an empty file.</summary>
    public static long DeviceLength(SafeFileHandle handle) => IsAvailable ? Math.Max(0, Seek(handle, 0, SeekEnd)) : 0;

    // Moving the handle's position harms nobody: all reading is positional.
    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle handle, long offset, int whence);
}
