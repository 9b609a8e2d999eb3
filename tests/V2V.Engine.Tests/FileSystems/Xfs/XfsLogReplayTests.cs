using System.Buffers.Binary;
using V2V.Engine.FileSystems.Xfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>Machines that stopped in the middle: what the engine replays from the log must be what the kernel replays from a copy.</summary>
[Trait("Category", "Slow")]
public sealed class XfsLogReplayTests
{
    private static readonly byte[] s_recordMagic = [0xFE, 0xED, 0xBA, 0xBE];

    [Theory]
    [InlineData("-m reflink=1,rmapbt=1,inobtcount=1,bigtime=1 -d agcount=4", 4096, true, 1)]
    [InlineData("-m reflink=1,rmapbt=1,inobtcount=1,bigtime=1 -d agcount=4", 4096, false, 2)]
    [InlineData("-m reflink=0,rmapbt=0,finobt=0,bigtime=0 -i sparse=0 -d agcount=2", 4096, true, 3)]
    [InlineData("-m reflink=1,rmapbt=0 -b size=1024 -d agcount=4", 1024, true, 4)]
    [InlineData("-m reflink=1,rmapbt=1 -b size=1024 -i nrext64=1 -d agcount=1", 1024, false, 5)]
    [InlineData("-m reflink=1,rmapbt=1 -n size=16384 -s size=4096 -l su=32768", 4096, true, 6)]
    public void Engine_and_kernel_replay_the_same(string format, int blockSize, bool isLogFlushed, int seed)
    {
        ExternalTool.NeedRoot();
        using var image = new XfsTestImage("320M", format.Split(' '));
        using var byEngine = Stop(image, isLogFlushed, seed, blockSize, operations: 400);

        // The kernel's own replay of the same image.
        image.Mount();
        var expected = TreeSnapshot.Of(new KernelTree(image.MountPoint), new HashSet<string>());
        image.Unmount();
        image.Check();
        using (var device = new FileDevice(byEngine.Path))
        using (var fileSystem = XfsFileSystem.Open(device))
        {
            Assert.Equal(expected, TreeSnapshot.Of(fileSystem, new HashSet<string>()));
        }

        // Not -n: only then does xfs_repair insist on a clean log.
        byEngine.Check();
        ExternalTool.Check("xfs_repair", "-o", "force_geometry", byEngine.Path);
        Assert.Equal(image.DbNumber("icount", "sb 0") - image.DbNumber("ifree", "sb 0"), byEngine.DbNumber("icount", "sb 0") - byEngine.DbNumber("ifree", "sb 0"));
        byEngine.Mount();
        var tree = new KernelTree(byEngine.MountPoint);
        Assert.Equal(expected, TreeSnapshot.Of(tree, new HashSet<string>()));
        var workload = new FileSystemWorkload(tree, seed, blockSize, manyNames: false);
        for (var i = 0; i < 60; i++)
        {
            workload.Next().Kernel(tree);
        }

        byEngine.Unmount();
        byEngine.Check();
    }

    [Fact]
    public void The_log_is_replayed_after_it_went_round()
    {
        ExternalTool.NeedRoot();
        using var image = new XfsTestImage("200M", "-l", "size=14m", "-d", "agcount=1");
        for (var round = 0; round < 4; round++)
        {
            using var byEngine = Stop(image, isLogFlushed: true, seed: 70 + round, blockSize: 4096, operations: 700);
            image.Mount();
            var expected = TreeSnapshot.Of(new KernelTree(image.MountPoint), new HashSet<string>());
            image.Unmount();
            using var device = new FileDevice(byEngine.Path);
            using var fileSystem = XfsFileSystem.Open(device);
            Assert.Equal(expected, TreeSnapshot.Of(fileSystem, new HashSet<string>()));
            byEngine.Check();

            // The next round starts from what the engine made of it.
            ExternalTool.Check("cp", "--sparse=always", byEngine.Path, image.Path);
        }
    }

    [Fact]
    public void A_record_that_did_not_reach_the_disk_ends_the_log()
    {
        ExternalTool.NeedRoot();
        using var image = new XfsTestImage("160M", "-l", "size=14m", "-d", "agcount=1");
        using var stopped = Stop(image, isLogFlushed: true, seed: 90, blockSize: 4096, operations: 300);
        var log = stopped.DbNumber("logstart", "sb 0") * 4096;
        var bytes = File.ReadAllBytes(stopped.Path);
        var records = Enumerable.Range(0, (14 << 20) / 512).Select(i => (int)log + (i * 512)).Where(at => bytes.AsSpan(at, 4).SequenceEqual(s_recordMagic)).ToList();
        Assert.True(records.Count > 4);

        // The newest record is damaged; the kernel then stops before it, and so must the engine.
        bytes[records[^1] + 700] ^= 1;
        File.WriteAllBytes(stopped.Path, bytes);
        using var byKernel = (XfsTestImage)stopped.Copy();
        byKernel.Mount();
        var expected = TreeSnapshot.Of(new KernelTree(byKernel.MountPoint), new HashSet<string>());
        byKernel.Unmount();
        using var device = new FileDevice(stopped.Path);
        using var fileSystem = XfsFileSystem.Open(device);
        Assert.Equal(expected, TreeSnapshot.Of(fileSystem, new HashSet<string>()));
        stopped.Check();
    }

    /// <summary>Freeing many extents takes many transactions, each of which announces what the next one does.</summary>
    [Theory]
    [InlineData("-m reflink=1,rmapbt=1")]
    [InlineData("-m reflink=0,rmapbt=0")]
    [InlineData("-m reflink=1,rmapbt=1 -b size=1024")]
    public void Changes_that_were_announced_but_not_made_are_made(string format)
    {
        ExternalTool.NeedRoot();
        var interrupted = 0;
        for (var attempt = 0; attempt < 4; attempt++)
        {
            using var image = new XfsTestImage("320M", format.Split(' '));
            image.Mount();
            var path = Path.Combine(image.MountPoint, "fragmented");
            using (var file = File.Create(path))
            {
                for (var i = 0; i < 6_000; i++)
                {
                    file.Position = i * 8192L;
                    file.WriteByte((byte)i);
                }

                file.Flush(flushToDisk: true);
            }

            if (format.Contains("reflink=1", StringComparison.Ordinal) && attempt % 2 == 0)
            {
                ExternalTool.Check("cp", "--reflink=always", path, path + "-shared");
            }

            ExternalTool.Check("sync", "-f", image.MountPoint);
            var deletion = new Thread(() => Record.Exception(() => File.Delete(path)));
            deletion.Start();
            Thread.Sleep(attempt * 5);
            ExternalTool.Check("xfs_io", "-x", "-c", "shutdown -f", image.MountPoint);
            deletion.Join();
            image.Unmount();
            using var byEngine = (XfsTestImage)image.Copy();
            interrupted += ExternalTool.Run("xfs_logprint", "-t", "-i", byEngine.Path).Output.Contains("EFI", StringComparison.Ordinal) ? 1 : 0;

            image.Mount();
            var expected = TreeSnapshot.Of(new KernelTree(image.MountPoint), new HashSet<string>());
            image.Unmount();
            using (var device = new FileDevice(byEngine.Path))
            using (var fileSystem = XfsFileSystem.Open(device))
            {
                Assert.Equal(expected, TreeSnapshot.Of(fileSystem, new HashSet<string>()));
            }

            byEngine.Check();
            Assert.Equal(image.DbNumber("fdblocks", "sb 0"), byEngine.DbNumber("fdblocks", "sb 0"));
        }

        Assert.True(interrupted > 0, "No attempt stopped in the middle of a deletion.");
    }

    [Fact]
    public void Damaged_logs_never_get_out_of_hand()
    {
        ExternalTool.NeedRoot();
        using var image = new XfsTestImage("64M", "-l", "size=14m", "-d", "agcount=1");
        using var stopped = Stop(image, isLogFlushed: true, seed: 31, blockSize: 4096, operations: 60);
        var bytes = File.ReadAllBytes(stopped.Path);
        var log = (int)stopped.DbNumber("logstart", "sb 0") * 4096;
        var random = new Random(DifferentialRun.SeedOffset);
        for (var round = 0; round < 120; round++)
        {
            var copy = (byte[])bytes.Clone();
            var records = Enumerable.Range(0, (14 << 20) / 512).Select(i => log + (i * 512)).Where(at => copy.AsSpan(at, 4).SequenceEqual(s_recordMagic)).ToList();
            var record = records[random.Next(records.Count)];
            var length = BinaryPrimitives.ReadInt32BigEndian(copy.AsSpan(record + 12));
            for (var changes = random.Next(1, 6); changes > 0; changes--)
            {
                // Of the header everything but its identity; of the contents mostly the beginning, where the operations' headers are.
                var at = random.Next(4) == 0 ? record + random.Next(8, 44) : record + 512 + 4 + random.Next(random.Next(2) == 0 ? Math.Min(400, Math.Max(8, length) - 4) : Math.Max(8, length) - 4);
                copy[at] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)(copy[at] ^ (1 << random.Next(8)));
            }

            // With its checksum right again, unless it does not know its length any more.
            length = BinaryPrimitives.ReadInt32BigEndian(copy.AsSpan(record + 12));
            if (length is > 0 and < 1 << 18 && record + 512 + length < copy.Length)
            {
                var header = copy.AsSpan(record, 512);
                BinaryPrimitives.WriteUInt32LittleEndian(header[32..], XfsLog.ComputeChecksum(header, 32, 328, 0, 260, copy.AsSpan(record + 512, length)));
            }

            DamagedImage.Exercise(XfsFileSystem.Open, copy, $"log record at {record}, round {round}");
        }
    }

    /// <summary>Works in the kernel, then stops it; returns a copy of what is on the disk then.</summary>
    private static XfsTestImage Stop(XfsTestImage image, bool isLogFlushed, int seed, int blockSize, int operations)
    {
        image.Mount();
        var tree = new KernelTree(image.MountPoint);
        var workload = new FileSystemWorkload(tree, seed, blockSize, manyNames: false);
        for (var i = 0; i < operations; i++)
        {
            workload.Next().Kernel(tree);
            if (i % 5 == 4)
            {
                workload.PrepareInKernel();
            }

            if (i == operations / 2)
            {
                ExternalTool.Check("sync", "-f", image.MountPoint);
            }
        }

        // Files that are deleted, but still open.
        var open = new List<FileStream>();
        for (var i = 0; i < 5; i++)
        {
            var path = Path.Combine(image.MountPoint, $"deleted-{i}");
            open.Add(File.Create(path));
            open[^1].Write(new byte[100_000]);
            open[^1].Flush(flushToDisk: true);
            File.Delete(path);
        }

        ExternalTool.Check("xfs_io", ["-x", "-c", isLogFlushed ? "shutdown -f" : "shutdown", image.MountPoint]);
        open.ForEach(f => f.Dispose());
        image.Unmount();
        return (XfsTestImage)image.Copy();
    }
}
