using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace V2V.Engine.Disks.Transports;

/// <summary>
/// What Linux' statx(2) says of a regular file by which it, and each change of it, is known again after a restart. The number of its device is
/// not among it: that may be another one then.
/// </summary>
/// <param name="Inode">Number in its file system.</param>
/// <param name="Born">When it was made, in nanoseconds; 0 where the file system does not tell.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Modified">When its contents were changed last, in nanoseconds.</param>
/// <param name="Changed">When anything of it was, which nobody can set.</param>
/// <param name="Allocated">Bytes that it takes.</param>
internal readonly partial record struct FileStamp(ulong Inode, long Born, long Size, long Modified, long Changed, long Allocated)
{
    // linux/stat.h
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const int ForceSync = 0x2000; // AT_STATX_FORCE_SYNC: a network file system is to ask its server.
    private const uint BasicAndBirth = 0xfff; // STATX_BASIC_STATS | STATX_BTIME
    private const uint BirthTime = 0x800;
    private const uint Needed = 0x100 | 0x200 | 0x40 | 0x80; // STATX_INO, SIZE, MTIME, CTIME
    private const int TypeMask = 0xf000; // S_IFMT
    private const int Regular = 0x8000; // S_IFREG
    private const int StructureSize = 256;

    /// <summary>Whether this is the file that the other one is of, whatever was written to it since.</summary>
    public bool IsSameFile(FileStamp other) => Inode == other.Inode && Born == other.Born;

    /// <summary>Null for what is no regular file, and where the system does not tell.</summary>
    public static FileStamp? Of(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var told = new byte[StructureSize];
        try
        {
            if (Call(file, "", EmptyPath | ForceSync, BasicAndBirth, told) != 0)
            {
                return null;
            }
        }
        catch (EntryPointNotFoundException)
        {
            return null; // A C library from before 2018.
        }

        var mask = Read<uint>(told, 0);
        return (mask & Needed) == Needed && (Read<ushort>(told, Field.Mode) & TypeMask) == Regular
            ? new FileStamp(
                Read<ulong>(told, Field.Inode), (mask & BirthTime) == 0 ? 0 : Time(told, Field.Born), Read<long>(told, Field.Size),
                Time(told, Field.Modified), Time(told, Field.Changed), Read<long>(told, Field.Blocks) * 512)
            : null;
    }

    /// <summary>The machine's own byte order, as the kernel fills it in.</summary>
    private static T Read<T>(byte[] told, int field) where T : unmanaged => MemoryMarshal.Read<T>(told.AsSpan(field));

    private static long Time(byte[] told, int field) => unchecked((Read<long>(told, field) * 1_000_000_000) + Read<uint>(told, field + sizeof(long)));

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Call(SafeFileHandle folder, string path, int flags, uint mask, byte[] told);

    /// <summary>Offsets in struct statx, which are the same everywhere.</summary>
    private static class Field
    {
        public const int Mode = 28;
        public const int Inode = 32;
        public const int Size = 40;
        public const int Blocks = 48;
        public const int Born = 80;
        public const int Changed = 96;
        public const int Modified = 112;
    }
}
