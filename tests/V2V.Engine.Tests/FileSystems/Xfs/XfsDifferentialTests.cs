using V2V.Engine.FileSystems.Xfs;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>
/// Random operations through the engine on one image and through the kernel on a copy. Both must accept and refuse the same; xfs_repair must
/// find nothing, and the kernel, the engine, and the kernel's own image must show the same tree.
/// </summary>
[Trait("Category", "Slow")]
public sealed class XfsDifferentialTests : IDisposable
{
    private readonly List<IDisposable> _kept = [];

    public static TheoryData<string, int, int, int> Runs() => new()
    {
        { "-m reflink=1,rmapbt=1,inobtcount=1,bigtime=1 -d agcount=4", 4096, 200, 1 },
        { "-m reflink=1,rmapbt=0 -d agcount=1", 4096, 200, 2 },
        { "-m reflink=0,rmapbt=0,finobt=0 -i sparse=0 -d agcount=4", 4096, 200, 3 },
        { "-m reflink=0,rmapbt=1,inobtcount=0,bigtime=0 -d agcount=4", 4096, 200, 4 },
        { "-m reflink=1,rmapbt=1 -i nrext64=1,size=1024 -d agcount=4", 4096, 200, 5 },
        { "-m reflink=1,rmapbt=1,inobtcount=1 -d agcount=4", 1024, 200, 6 },
        { "-m reflink=0,rmapbt=0,inobtcount=0,bigtime=0 -d agcount=4", 1024, 200, 7 },
        { "-m reflink=1,rmapbt=1 -i sparse=0 -d agcount=1", 1024, 200, 8 },
        { "-m reflink=1,rmapbt=1 -n size=16384 -d agcount=4", 4096, 200, 9 },
        { "-m reflink=0,rmapbt=0 -n size=8192 -i size=1024 -s size=4096 -d agcount=4", 4096, 200, 10 },
    };

    [Theory]
    [MemberData(nameof(Runs))]
    public void Engine_and_kernel_agree(string features, int blockSize, int operations, int seed) =>
        Run(features, blockSize, operations, seed, manyNames: false);

    [Theory]
    [InlineData("-m reflink=1,rmapbt=1,inobtcount=1 -d agcount=4", 1024, 800, 101)]
    [InlineData("-m reflink=0,rmapbt=0,finobt=0 -d agcount=2", 1024, 800, 102)]
    [InlineData("-m reflink=1,rmapbt=1,inobtcount=1 -d agcount=4", 4096, 800, 103)]
    public void Engine_and_kernel_agree_on_large_directories(string features, int blockSize, int operations, int seed) =>
        Run(features, blockSize, operations, seed, manyNames: true);

    public void Dispose() => _kept.ForEach(i => i.Dispose());

    private void Run(string features, int blockSize, int operations, int seed, bool manyNames)
    {
        seed += DifferentialRun.SeedOffset;
        var image = new XfsTestImage("320M", [.. features.Split(' '), "-b", $"size={blockSize}"]);
        _kept.Add(image);
        var run = new DifferentialRun(
            $"{features}, blocks of {blockSize}, seed {seed}", image, XfsFileSystem.Open, tree => new FileSystemWorkload(tree, seed, blockSize, manyNames))
        {
            ComparesTimes = !features.Contains("bigtime=0", StringComparison.Ordinal),
        };
        _kept.Add(run);
        run.Run(operations);

        // The kernel goes on with what the engine left.
        run.EngineImage.Mount();
        var tree = new KernelTree(run.EngineImage.MountPoint);
        var workload = new FileSystemWorkload(tree, seed + 1, blockSize, manyNames);
        for (var i = 0; i < operations / 2; i++)
        {
            workload.Next().Kernel(tree);
        }

        run.EngineImage.Unmount();
        run.EngineImage.Check();
    }
}
