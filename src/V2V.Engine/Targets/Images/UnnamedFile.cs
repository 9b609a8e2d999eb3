using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace V2V.Engine.Targets.Images;

/// <summary>
/// Linux's files without a name (open(2), O_TMPFILE): they take no place in their folder until they are given a name, and are gone with the
/// process, even one that is killed. Other systems, and some network file systems, have none.
/// </summary>
internal static partial class UnnamedFile
{
    private const int O_RDWR = 2;
    private const int O_CLOEXEC = 0x80000;
    private const int O_TMPFILE_ALONE = 0x400000;
    private const int OwnerMayReadAndWrite = 0x180; // 0600
    private const int AT_FDCWD = -100;
    private const int AT_SYMLINK_FOLLOW = 0x400;
    private const int EEXIST = 17;

    /// <summary>O_TMPFILE includes O_DIRECTORY, which ARM and POWER number otherwise than the rest.</summary>
    private static readonly int O_TMPFILE = O_TMPFILE_ALONE | RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.Arm or Architecture.Arm64 or Architecture.Armv6 or Architecture.Ppc64le => 0x4000,
        _ => 0x10000,
    };

    /// <summary>A file in <paramref name="folder"/>'s file system, or null where there is no such thing (or no such folder).</summary>
    public static SafeFileHandle? TryCreate(string folder)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var descriptor = Open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, OwnerMayReadAndWrite);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Gives the file its name.</summary>
    /// <exception cref="IOException">Something of this name exists, or the folder cannot be written.</exception>
    /// <exception cref="ObjectDisposedException">The file was closed, and so is gone.</exception>
    public static void Link(SafeFileHandle file, string path)
    {
        var held = false;
        try
        {
            file.DangerousAddRef(ref held);
            if (LinkAt(AT_FDCWD, $"/proc/self/fd/{file.DangerousGetHandle()}", AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                throw new IOException(error == EEXIST ? "The file exists." : Marshal.GetPInvokeErrorMessage(error), error);
            }
        }
        finally
        {
            if (held)
            {
                file.DangerousRelease();
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkAt(int oldFolder, string oldPath, int newFolder, string newPath, int flags);
}
