using V2V.Engine.Disks;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>Whatever fails within an operation, and wherever: the file system is as it was before it.</summary>
public sealed class NtfsRollbackTests
{
    private const int Operations = 400;

    private static readonly GuestFileAttributes s_none = new();

    [Theory]
    [InlineData("512", 1)]
    [InlineData("4096", 2)]
    public void Operations_that_fail_half_way_leave_nothing(string clusterSize, int seed)
    {
        using var image = new NtfsTestImage(32 << 20, "-c", clusterSize);
        var random = new Random(seed + DifferentialRun.SeedOffset);
        var model = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var directories = new List<string> { "" };
        var failed = 0;
        using (var device = new FailingDevice(new FileDevice(image.Path)))
        {
            var fileSystem = NtfsFileSystem.Open(device);
            for (var i = 0; i < Operations; i++)
            {
                if (random.Next(3) == 0)
                {
                    // With nothing in the cache more is read, so that more can fail.
                    fileSystem.Flush();
                    fileSystem.Dispose();
                    fileSystem = NtfsFileSystem.Open(device);
                    Assert.Null(fileSystem.NotCleanReason);
                }

                device.FailAfter(random.Next(25));
                try
                {
                    Step(fileSystem, device, random, model, directories, i);
                }
                catch (IOException)
                {
                    failed++;
                }

                device.FailAfter(null);
                if (i % 20 == 0)
                {
                    Compare(fileSystem, model, directories);
                }
            }

            Compare(fileSystem, model, directories);
            fileSystem.Flush();
            fileSystem.Dispose();
        }

        Assert.InRange(failed, Operations / 20, Operations);
        image.Check();
        image.Mount("loop,ro");
        foreach (var (path, content) in model)
        {
            Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(image.MountPoint + path)), path);
        }
    }

    /// <summary>One operation, which the model follows only when it succeeds.</summary>
    private static void Step(
        NtfsFileSystem fileSystem, FailingDevice device, Random random, SortedDictionary<string, byte[]> model, List<string> directories, int number)
    {
        var path = $"{directories[random.Next(directories.Count)]}/{new string((char)('a' + random.Next(26)), random.Next(1, 60))}{number}";
        var existing = model.Count == 0 ? null : model.Keys.ElementAt(random.Next(model.Count));
        switch (random.Next(8))
        {
            case 2:
                fileSystem.CreateDirectory(path, s_none);
                directories.Add(path);
                break;
            case 3 or 4 when existing is not null:
                Write(fileSystem, device, random, model, existing);
                break;
            case 5 when existing is not null:
                fileSystem.Rename(existing, path);
                model[path] = model[existing];
                model.Remove(existing);
                break;
            case 6 when existing is not null:
                fileSystem.Delete(existing);
                model.Remove(existing);
                break;
            case 7 when existing is not null:
                var length = random.Next(60_000);
                fileSystem.Truncate(existing, length);
                var content = model[existing];
                Array.Resize(ref content, length);
                model[existing] = content;
                break;
            default:
                fileSystem.CreateFile(path, s_none);
                model[path] = [];
                break;
        }
    }

    private static void Write(NtfsFileSystem fileSystem, FailingDevice device, Random random, SortedDictionary<string, byte[]> model, string path)
    {
        var data = new byte[random.Next(1, 50_000)];
        random.NextBytes(data);
        var old = model[path];
        var offset = random.Next(old.Length + 5000);
        if (offset < old.Length)
        {
            // Bytes that are overwritten in place are gone, as with every file system.
            device.FailAfter(null);
        }

        fileSystem.Write(path, offset, data);
        var content = new byte[Math.Max(old.Length, offset + data.Length)];
        old.CopyTo(content, 0);
        data.CopyTo(content, offset);
        model[path] = content;
    }

    private static void Compare(NtfsFileSystem fileSystem, SortedDictionary<string, byte[]> model, List<string> directories)
    {
        var found = directories.SelectMany(d => fileSystem.Enumerate(d.Length == 0 ? "/" : d).Where(e => e.Type == GuestFileType.Regular).Select(e => $"{d}/{e.Name}"));
        Assert.Equal(model.Keys, found.Order(StringComparer.Ordinal));
        foreach (var (path, content) in model)
        {
            Assert.True(content.AsSpan().SequenceEqual(fileSystem.ReadAllBytes(path)), path);
        }
    }

    /// <summary>Fails at one of the next accesses.</summary>
    private sealed class FailingDevice(FileDevice device) : WritableBlockDevice
    {
        private int? _left;

        public override long Length => device.Length;

        public void FailAfter(int? accesses) => _left = accesses;

        public override void Read(long offset, Span<byte> buffer)
        {
            Count();
            device.Read(offset, buffer);
        }

        public override void Write(long offset, ReadOnlySpan<byte> data)
        {
            Count();
            device.Write(offset, data);
        }

        public override void Flush() => device.Flush();

        protected override void Dispose(bool disposing)
        {
            device.Dispose();
            base.Dispose(disposing);
        }

        private void Count()
        {
            if (_left-- == 0)
            {
                _left = null;
                throw new IOException("An access that fails.");
            }
        }
    }
}
