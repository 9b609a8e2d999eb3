using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace V2V.Engine.Targets.Images;

/// <summary>
/// Has ext4 choose the place of a file that grows some way ahead of the writes. Otherwise it reserves block after block as data comes in, with the file
/// locked, which is a third of what a copy costs; XFS gains nothing by it, and btrfs loses (docs/performance.md). Thread-safe.
/// </summary>
internal sealed partial class SpaceAhead(SafeFileHandle file)
{
    /// <summary>What is taken at once; also what the file may be longer than its data before it is given its length.</summary>
    private const long Step = 32 << 20;

    /// <summary>Where the file system has less than this left, nothing is taken that may not be needed.</summary>
    private const long Plenty = 1 << 30;

    private const long ExtMagic = 0xEF53; // statfs(2): ext2, ext3 and ext4

    private readonly Lock _lock = new();
    private long _covered = RandomAccess.GetLength(file);

    /// <summary>Data is about to be written that ends at <paramref name="end"/>.</summary>
    public void Cover(long end)
    {
        if (end > Volatile.Read(ref _covered))
        {
            Take(end);
        }
    }

    /// <summary>The file was given its length.</summary>
    public void SetLength(long length)
    {
        lock (_lock)
        {
            if (_covered != long.MaxValue)
            {
                _covered = length;
            }
        }
    }

    private void Take(long end)
    {
        lock (_lock)
        {
            if (end <= _covered)
            {
                return;
            }

            var next = (end + Step - 1) & -Step;
            var start = Math.Max(_covered, next - Step);
            _covered = IsWorthwhile() && FileAllocation.TryReserve(file, start, next - start) ? next : long.MaxValue;
        }
    }

    private bool IsWorthwhile()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
        {
            return false;
        }

        return Call(file, out var fileSystem) == 0 && fileSystem.Type == ExtMagic && fileSystem.BlocksForUsers > Plenty / fileSystem.BlockSize;
    }

    /// <summary>struct statfs, which other processors have otherwise.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    private struct FileSystem
    {
        public long Type;
        public long BlockSize;
        public ulong Blocks;
        public ulong FreeBlocks;
        public long BlocksForUsers;
    }

    [LibraryImport("libc", EntryPoint = "fstatfs")]
    private static partial int Call(SafeFileHandle file, out FileSystem fileSystem);
}
