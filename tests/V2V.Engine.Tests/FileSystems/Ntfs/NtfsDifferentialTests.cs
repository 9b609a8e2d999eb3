using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>Random operations through the engine and through ntfs-3g, over the geometries that Windows and mkntfs make.</summary>
[Trait("Category", "Slow")]
public sealed class NtfsDifferentialTests : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly List<IDisposable> _kept = [];

    [Theory]
    [InlineData("-c 512", 24, 512, 1)]
    [InlineData("-c 1024", 32, 1024, 2)]
    [InlineData("-c 4096", 64, 4096, 3)]
    [InlineData("-c 4096 -s 4096", 64, 4096, 4)]
    [InlineData("-c 16384", 128, 16384, 5)]
    [InlineData("-c 65536", 256, 65536, 6)]
    [InlineData("-c 65536 -s 4096", 256, 65536, 7)]
    [InlineData("-c 2097152", 1000, 65536, 8)]
    public void Engine_and_ntfs_3g_agree(string arguments, int mebibytes, int clusterSize, int seed)
    {
        const int Operations = 280; // more than 2,000 in all
        seed += DifferentialRun.SeedOffset;
        var image = Keep(new NtfsTestImage((long)mebibytes * MiB, arguments.Split(' ')));
        Keep(new NtfsDifferentialRun($"{arguments}, seed {seed}", image, tree => new NtfsWorkload(tree, seed, clusterSize))).Run(Operations);
    }

    public void Dispose() => _kept.ForEach(i => i.Dispose());

    private T Keep<T>(T disposable)
        where T : IDisposable
    {
        _kept.Add(disposable);
        return disposable;
    }
}
