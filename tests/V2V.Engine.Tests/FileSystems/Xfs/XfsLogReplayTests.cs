using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Xfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>Machines that stopped in the middle: what the engine replays from the log must be what the kernel replays from a copy.</summary>
[Trait("Category", "Slow")]
public sealed class XfsLogReplayTests
{
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
        using var image = new XfsTestImage("64M", "-l", "size=14m", "-d", "agcount=1");
        for (var round = 0; round < 5; round++)
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
        using var image = new XfsTestImage("64M", "-l", "size=14m", "-d", "agcount=1");
        using var stopped = Stop(image, isLogFlushed: true, seed: 90, blockSize: 4096, operations: 300);
        var log = stopped.DbNumber("logstart", "sb 0") * 4096;
        var bytes = File.ReadAllBytes(stopped.Path);
        var records = Enumerable.Range(0, (14 << 20) / 512).Select(i => (int)log + (i * 512)).Where(at => bytes.AsSpan(at, 4).SequenceEqual(new byte[] { 0xFE, 0xED, 0xBA, 0xBE })).ToList();
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
