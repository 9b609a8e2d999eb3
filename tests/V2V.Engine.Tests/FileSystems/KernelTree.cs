using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using V2V.Engine.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.FileSystems;

/// <summary>
/// A mounted file system, changed and read by system calls. Operations return 0 or the kernel's errno; those of several calls do what the
/// engine's contract says in one, such as creating a file with its owner and mode.
/// </summary>
internal sealed class KernelTree(string mountPoint)
{
    internal const int NotFound = 2;
    private const int IsADirectory = 21;
    private const int NoData = 61;

    internal int CreateFile(string path, GuestFileAttributes attributes)
    {
        var at = At(path);
        var descriptor = LinuxCalls.Open(at, LinuxCalls.WriteOnly | LinuxCalls.CreateNew, 0x180);
        return descriptor < 0 ? Marshal.GetLastPInvokeError() : Result(LinuxCalls.Close(descriptor)) + Dress(at, attributes, 0x1A4);
    }

    internal int Write(string path, long offset, byte[] data)
    {
        var descriptor = LinuxCalls.Open(At(path), LinuxCalls.WriteOnly, 0);
        if (descriptor < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        var error = LinuxCalls.Write(descriptor, data, data.Length, offset) == data.Length ? 0 : Marshal.GetLastPInvokeError();
        LinuxCalls.Close(descriptor);
        return error;
    }

    internal int Truncate(string path, long length) => Result(LinuxCalls.Truncate(At(path), length));

    internal int CreateDirectory(string path, GuestFileAttributes attributes)
    {
        var at = At(path);
        return Result(LinuxCalls.MakeDirectory(at, 0x1C0)) is var error and not 0 ? error : Dress(at, attributes, 0x1ED);
    }

    internal int CreateSymbolicLink(string path, string target, GuestFileAttributes attributes)
    {
        var at = At(path);
        return Result(LinuxCalls.SymbolicLink(Terminated(GuestText.Encode(target)), at)) is var error and not 0
            ? error
            : Result(LinuxCalls.ChangeOwner(at, attributes.UserId ?? 0, attributes.GroupId ?? 0));
    }

    internal int CreateHardLink(string path, string existing) => Result(LinuxCalls.Link(At(existing), At(path)));

    internal int Rename(string from, string to) => Result(LinuxCalls.Rename(At(from), At(to)));

    internal int Delete(string path) =>
        Result(LinuxCalls.Unlink(At(path))) is var error and not IsADirectory ? error : Result(LinuxCalls.RemoveDirectory(At(path)));

    internal int SetAttributes(string path, GuestFileAttributes attributes)
    {
        var at = At(path);
        if (Find(path) is not { } before)
        {
            return NotFound;
        }

        var error = 0;
        if (attributes.UserId is not null || attributes.GroupId is not null)
        {
            error = Result(LinuxCalls.ChangeOwner(at, attributes.UserId ?? uint.MaxValue, attributes.GroupId ?? uint.MaxValue));
        }

        // A change of owner takes set-user-id away; the engine sets what it is told and nothing else.
        if (error == 0 && before.Type != GuestFileType.SymbolicLink && (error = Result(LinuxCalls.ChangeMode(at, attributes.Mode ?? before.Mode))) != 0)
        {
            return error;
        }

        if (error == 0 && attributes.Modified is { } modified)
        {
            const long Omit = (1 << 30) - 2;
            var ticks = modified.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks;
            var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
            if (rest < 0)
            {
                (seconds, rest) = (seconds - 1, rest + TimeSpan.TicksPerSecond);
            }

            error = Result(LinuxCalls.SetTimes(LinuxCalls.CurrentDirectory, at, [0, Omit, seconds, rest * 100], LinuxCalls.NoFollow));
        }

        return error;
    }

    internal int SetExtendedAttribute(string path, string name, byte[]? value)
    {
        var key = Terminated(Encoding.UTF8.GetBytes(name));
        if (value is not null)
        {
            return Result(LinuxCalls.SetExtendedAttribute(At(path), key, value, value.Length, 0));
        }

        // Removing what is not there: the engine's contract has no error for it.
        return Result(LinuxCalls.RemoveExtendedAttribute(At(path), key)) is var error and not NoData ? error : 0;
    }

    /// <summary>fallocate(2): reserves blocks that hold no data yet, or with modes 1 and 3 beyond the end, or punches a hole.</summary>
    internal void Allocate(string path, int mode, long offset, long length)
    {
        var descriptor = LinuxCalls.Open(At(path), LinuxCalls.WriteOnly, 0);
        if (descriptor >= 0)
        {
            _ = LinuxCalls.Allocate(descriptor, mode, offset, length); // ext2 and ext3 cannot
            LinuxCalls.Close(descriptor);
        }
    }

    /// <summary>mknod(2): mode holds the type.</summary>
    internal void MakeNode(string path, int mode, ulong device) => _ = LinuxCalls.MakeNode(At(path), mode, device);

    internal GuestFile? Find(string path)
    {
        var status = new byte[256];
        if (LinuxCalls.Status(LinuxCalls.CurrentDirectory, At(path), LinuxCalls.NoFollow, LinuxCalls.BasicStatistics, status) != 0)
        {
            return null;
        }

        int Word(int at) => BinaryPrimitives.ReadInt32LittleEndian(status.AsSpan(at));
        long Long(int at) => BinaryPrimitives.ReadInt64LittleEndian(status.AsSpan(at));
        var mode = BinaryPrimitives.ReadUInt16LittleEndian(status.AsSpan(28));
        var type = (mode >> 12) switch
        {
            1 => GuestFileType.Fifo,
            2 => GuestFileType.CharacterDevice,
            4 => GuestFileType.Directory,
            6 => GuestFileType.BlockDevice,
            8 => GuestFileType.Regular,
            10 => GuestFileType.SymbolicLink,
            _ => GuestFileType.Socket,
        };
        return new GuestFile(
            type, Long(40), mode & 0xFFF, (uint)Word(20), (uint)Word(24),
            DateTimeOffset.UnixEpoch.AddSeconds(Long(112)).AddTicks(Word(120) / 100), (ulong)Long(32), (uint)Word(16));
    }

    internal unsafe List<string> Enumerate(string path)
    {
        var names = new List<string>();
        var directory = LinuxCalls.OpenDirectory(At(path));
        Assert.NotEqual(0, directory);
        nint entry;
        while ((entry = LinuxCalls.ReadDirectory(directory)) != 0)
        {
            // struct dirent: inode, offset, 16-bit length, 8-bit type, then the name.
            var name = GuestText.Decode(MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)entry + 19));
            if (name is not ("." or ".."))
            {
                names.Add(name);
            }
        }

        LinuxCalls.CloseDirectory(directory);
        return names;
    }

    internal SafeFileHandle OpenRead(string path)
    {
        var descriptor = LinuxCalls.Open(At(path), 0, 0);
        Assert.True(descriptor >= 0, $"{path}: error {Marshal.GetLastPInvokeError()}");
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    internal string ReadLink(string path)
    {
        var target = new byte[8192];
        return GuestText.Decode(target.AsSpan(0, (int)LinuxCalls.ReadLink(At(path), target, target.Length)));
    }

    internal Dictionary<string, byte[]> ExtendedAttributes(string path)
    {
        var list = new byte[65536];
        var length = (int)LinuxCalls.ListExtendedAttributes(At(path), list, list.Length);
        Assert.True(length >= 0, $"listxattr {path}: {Marshal.GetLastPInvokeError()}");
        var attributes = new Dictionary<string, byte[]>();
        foreach (var name in Encoding.UTF8.GetString(list, 0, length).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            if (name.StartsWith("trusted.SGI_ACL_", StringComparison.Ordinal))
            {
                continue; // XFS shows the stored form of an ACL beside the ACL itself
            }

            var value = new byte[65536];
            var size = (int)LinuxCalls.GetExtendedAttribute(At(path), Terminated(Encoding.UTF8.GetBytes(name)), value, value.Length);
            Assert.True(size >= 0, $"getxattr {path} {name}: {Marshal.GetLastPInvokeError()}");
            attributes[name] = value[..size];
        }

        return attributes;
    }

    /// <summary>One extended attribute, which need not be listed, or null.</summary>
    internal byte[]? GetExtendedAttribute(string path, string name)
    {
        var value = new byte[65536];
        var size = (int)LinuxCalls.GetExtendedAttribute(At(path), Terminated(Encoding.UTF8.GetBytes(name)), value, value.Length);
        return size < 0 ? null : value[..size];
    }

    private static int Dress(byte[] path, GuestFileAttributes attributes, int mode)
    {
        var error = Result(LinuxCalls.ChangeOwner(path, attributes.UserId ?? 0, attributes.GroupId ?? 0));
        return error != 0 ? error : Result(LinuxCalls.ChangeMode(path, attributes.Mode ?? mode));
    }

    private static int Result(int returned) => returned < 0 ? Marshal.GetLastPInvokeError() : 0;

    private static byte[] Terminated(byte[] bytes) => [.. bytes, 0];

    private byte[] At(string path) => [.. Encoding.UTF8.GetBytes(mountPoint), .. GuestText.Encode(path), 0];
}
