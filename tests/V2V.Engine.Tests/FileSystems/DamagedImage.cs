using System.Diagnostics;
using V2V.Engine.Disks;
using V2V.Engine.FileSystems;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems;

/// <summary>
/// Does with a damaged image whatever a conversion might do: everything has to work or end in the library's exception, soon and without
/// much memory. The image should have files under the names used here, so that all of it is reached.
/// </summary>
internal static class DamagedImage
{
    private const long AllocationLimit = 256L << 20;

    /// <summary>Uses an image and returns how many operations were refused.</summary>
    internal static int Exercise(Func<WritableBlockDevice, WritableGuestFileSystem> open, byte[] bytes, string what)
    {
        Exception? failure = null;
        var refused = 0;
        var allocated = 0L;
        var started = Stopwatch.GetTimestamp();
        var thread = new Thread(
            () =>
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                failure = Record.Exception(() => refused = Use(open, new ArrayDevice(bytes)));
                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            },
            maxStackSize: 1 << 20);
        thread.Start();
        Assert.True(thread.Join(Watchdog.Limit), $"{what}: still running after {Stopwatch.GetElapsedTime(started)}");
        Assert.True(failure is null, $"{what}: {failure}");
        Assert.True(allocated < AllocationLimit, $"{what}: {allocated >> 20} MiB were allocated");
        return refused;
    }

    /// <summary>Everything that a conversion might do. Only the library's own exceptions are swallowed, and counted.</summary>
    private static int Use(Func<WritableBlockDevice, WritableGuestFileSystem> open, ArrayDevice device)
    {
        var refused = 0;
        void Try(Action action)
        {
            try
            {
                action();
            }
            catch (V2VException)
            {
                refused++;
            }
        }

        WritableGuestFileSystem? opened = null;
        Try(() => opened = open(device));
        if (opened is null)
        {
            return refused;
        }

        using var fileSystem = opened;
        Try(() => _ = fileSystem.Space);
        _ = fileSystem.Label;
        var buffer = new byte[65536];
        var pending = new Queue<(string Path, int Depth)>([("/", 0)]);
        for (var visited = 0; pending.TryDequeue(out var next) && visited < 600; visited++)
        {
            var (path, depth) = next;
            GuestFile? file = null;
            Try(() => file = fileSystem.Find(path));
            Try(() => fileSystem.ExtendedAttributes(path));
            if (file is { IsDirectory: true } && depth < 6)
            {
                Try(() =>
                {
                    foreach (var entry in fileSystem.Enumerate(path).Take(300))
                    {
                        pending.Enqueue(($"{(path == "/" ? "" : path)}/{entry.Name}", depth + 1));
                    }
                });
            }
            else if (file is { IsSymbolicLink: true })
            {
                Try(() => fileSystem.ReadLink(path));
            }
            else if (file is { IsRegular: true })
            {
                // A file may claim to be exabytes long: its beginning, middle and end tell enough.
                for (var offset = 0L; offset < Math.Min(file.Length, 2 << 20); offset += buffer.Length)
                {
                    Try(() => fileSystem.Read(path, offset, buffer));
                }

                Try(() => fileSystem.Read(path, file.Length / 2, buffer));
                Try(() => fileSystem.Read(path, Math.Max(0, file.Length - 1000), buffer));
            }
        }

        Try(() => Assert.All(fileSystem.FreeExtents().Take(100_000), e => Assert.InRange(e.End, 1, device.Length)));
        Try(() => fileSystem.CreateFile("/new", new()));
        Try(() => fileSystem.Write("/new", 5000, buffer.AsSpan(0, 20_000)));
        Try(() => fileSystem.CreateFile("/many/another-new-file-with-a-rather-long-name", new()));
        Try(() => fileSystem.CreateDirectory("/directory/sub", new()));
        Try(() => fileSystem.CreateSymbolicLink("/directory/link", new string('t', 300), new()));
        Try(() => fileSystem.CreateHardLink("/many/hard", "/fragmented"));
        Try(() => fileSystem.Rename("/many/file-number-003-with-a-long-name", "/directory/renamed"));
        Try(() => fileSystem.Rename("/directory", "/many/moved"));
        Try(() => fileSystem.Delete("/many/file-number-005-with-a-long-name"));
        Try(() => fileSystem.Write("/fragmented", 12_000, buffer.AsSpan(0, 9_000)));
        Try(() => fileSystem.Truncate("/fragmented", 100_000));
        Try(() => fileSystem.Write("/fragmented", 3_000_000, buffer.AsSpan(0, 100)));
        Try(() => fileSystem.Truncate("/fragmented", 0));
        Try(() => fileSystem.Delete("/fragmented"));
        Try(() => fileSystem.SetExtendedAttribute("/attributed", "user.small", [1, 2, 3]));
        Try(() => fileSystem.SetExtendedAttribute("/attributed", "user.large", null));
        Try(() => fileSystem.SetExtendedAttribute("/long-link", "trusted.x", new byte[200]));
        Try(() => fileSystem.Delete("/attributed"));
        Try(() => fileSystem.Delete("/long-link"));
        Try(() => fileSystem.SetAttributes("/many", new() { Mode = 0x1FF, UserId = 70_000, Modified = DateTimeOffset.UnixEpoch }));
        Try(fileSystem.Flush);
        return refused;
    }
}
