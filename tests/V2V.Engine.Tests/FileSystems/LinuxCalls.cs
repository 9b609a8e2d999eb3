using System.Runtime.InteropServices;

namespace V2V.Engine.Tests.FileSystems;

/// <summary>The system calls by which the kernel is asked to do what the engine does. Paths are bytes, since names need not be UTF-8.</summary>
internal static partial class LinuxCalls
{
    internal const int CurrentDirectory = -100;
    internal const int NoFollow = 0x100;
    internal const int WriteOnly = 1;
    internal const int CreateNew = 0x40 | 0x80; // O_CREAT | O_EXCL
    internal const uint BasicStatistics = 0x7FF;

    private const int CloseOnExec = 0x80000;

    private const string Library = "libc";

    /// <summary>A program that another test starts meanwhile must not inherit the descriptor, or it keeps the mount busy as long as it runs.</summary>
    internal static int Open(byte[] path, int flags, int mode) => OpenAny(path, flags | CloseOnExec, mode);

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true)]
    private static partial int OpenAny(byte[] path, int flags, int mode);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint Write(int descriptor, byte[] data, nint count, long offset);

    [LibraryImport(Library, EntryPoint = "truncate", SetLastError = true)]
    internal static partial int Truncate(byte[] path, long length);

    [LibraryImport(Library, EntryPoint = "mkdir", SetLastError = true)]
    internal static partial int MakeDirectory(byte[] path, int mode);

    [LibraryImport(Library, EntryPoint = "symlink", SetLastError = true)]
    internal static partial int SymbolicLink(byte[] target, byte[] path);

    [LibraryImport(Library, EntryPoint = "link", SetLastError = true)]
    internal static partial int Link(byte[] existing, byte[] path);

    [LibraryImport(Library, EntryPoint = "rename", SetLastError = true)]
    internal static partial int Rename(byte[] from, byte[] to);

    [LibraryImport(Library, EntryPoint = "unlink", SetLastError = true)]
    internal static partial int Unlink(byte[] path);

    [LibraryImport(Library, EntryPoint = "rmdir", SetLastError = true)]
    internal static partial int RemoveDirectory(byte[] path);

    [LibraryImport(Library, EntryPoint = "chmod", SetLastError = true)]
    internal static partial int ChangeMode(byte[] path, int mode);

    [LibraryImport(Library, EntryPoint = "lchown", SetLastError = true)]
    internal static partial int ChangeOwner(byte[] path, uint user, uint group);

    [LibraryImport(Library, EntryPoint = "utimensat", SetLastError = true)]
    internal static partial int SetTimes(int directory, byte[] path, long[] times, int flags);

    [LibraryImport(Library, EntryPoint = "lsetxattr", SetLastError = true)]
    internal static partial int SetExtendedAttribute(byte[] path, byte[] name, byte[] value, nint length, int flags);

    [LibraryImport(Library, EntryPoint = "lremovexattr", SetLastError = true)]
    internal static partial int RemoveExtendedAttribute(byte[] path, byte[] name);

    [LibraryImport(Library, EntryPoint = "llistxattr", SetLastError = true)]
    internal static partial nint ListExtendedAttributes(byte[] path, byte[] list, nint length);

    [LibraryImport(Library, EntryPoint = "lgetxattr", SetLastError = true)]
    internal static partial nint GetExtendedAttribute(byte[] path, byte[] name, byte[] value, nint length);

    [LibraryImport(Library, EntryPoint = "readlink", SetLastError = true)]
    internal static partial nint ReadLink(byte[] path, byte[] target, nint length);

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true)]
    internal static partial int Status(int directory, byte[] path, int flags, uint mask, byte[] status);

    [LibraryImport(Library, EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Allocate(int descriptor, int mode, long offset, long length);

    [LibraryImport(Library, EntryPoint = "mknod", SetLastError = true)]
    internal static partial int MakeNode(byte[] path, int mode, ulong device);

    [LibraryImport(Library, EntryPoint = "opendir", SetLastError = true)]
    internal static partial nint OpenDirectory(byte[] path);

    [LibraryImport(Library, EntryPoint = "readdir", SetLastError = true)]
    internal static partial nint ReadDirectory(nint directory);

    [LibraryImport(Library, EntryPoint = "closedir", SetLastError = true)]
    internal static partial int CloseDirectory(nint directory);
}
