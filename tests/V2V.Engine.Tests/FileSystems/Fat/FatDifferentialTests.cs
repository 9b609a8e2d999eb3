using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Fat;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Fat;

/// <summary>
/// Random operations through the engine on one image and through the kernel's vfat on a copy. Both must accept and refuse the same; fsck.fat
/// must find nothing, and the kernel, the engine, and mtools must read the same. <see cref="FatKernelTests"/> runs it where the kernel has no vfat.
/// </summary>
[Trait("Category", "Slow")]
public sealed class FatDifferentialTests : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly List<IDisposable> _kept = [];

    [Theory]
    [InlineData("-F 12 -s 1", 2, 512, false, 1)]
    [InlineData("-F 12 -s 8", 12, 4096, false, 2)]
    [InlineData("-F 12 -s 2 -r 64", 3, 1024, false, 3)]
    [InlineData("-F 16 -s 1", 16, 512, false, 4)]
    [InlineData("-F 16 -s 4 -f 1", 20, 2048, false, 5)]
    [InlineData("-F 16 -s 16 -S 1024", 128, 16384, false, 6)]
    [InlineData("-F 32 -s 1", 40, 512, false, 7)]
    [InlineData("-F 32 -s 8", 64, 4096, false, 8)]
    [InlineData("-F 32 -s 1 -S 4096", 280, 4096, false, 9)]
    [InlineData("-F 32 -s 128", 300, 65536, false, 10)]
    [InlineData("-F 32 -s 64 -S 4096", 900, 262144, false, 11)]
    [InlineData("-F 12 -s 4 -r 16", 0.2, 2048, true, 12)]
    [InlineData("-F 16 -s 128", 270, 65536, false, 13)]
    [InlineData("-F 32 -s 4", 0.5, 2048, true, 14)]
    public void Engine_and_kernel_agree(string arguments, double mebibytes, int clusterSize, bool fillsUp, int seed)
    {
        const int Operations = 100;
        FatTestImage.NeedKernel();
        seed += DifferentialRun.SeedOffset;
        var image = Keep(new FatTestImage((long)(mebibytes * MiB), arguments.Split(' ')));
        var run = Keep(new DifferentialRun(
            $"{arguments}, seed {seed}", image, FatFileSystem.Open, tree => new FatWorkload(tree, seed, clusterSize, fillsUp)));
        run.Run(Operations, fileSystem => Compare(fileSystem, (FatTestImage)run.EngineImage, arguments));
    }

    public void Dispose() => _kept.ForEach(i => i.Dispose());

    private static void Compare(WritableGuestFileSystem fileSystem, FatTestImage image, string arguments)
    {
        var (used, all) = image.Clusters();
        var clusterSize = fileSystem.Space.TotalBytes / all;
        Assert.Equal((all - used) * clusterSize, fileSystem.Space.FreeBytes);
        Assert.Equal((all - used) * clusterSize, fileSystem.FreeExtents().Sum(e => e.Length));

        // Of fewer clusters mtools makes a FAT16, by the specification's letter; Linux, Windows and firmware go by the boot sector.
        if (!arguments.StartsWith("-F 32", StringComparison.Ordinal) || all > 65524)
        {
            MToolsReaders.ReadTheSame(fileSystem, image);
        }
    }

    private T Keep<T>(T disposable)
        where T : IDisposable
    {
        _kept.Add(disposable);
        return disposable;
    }
}
