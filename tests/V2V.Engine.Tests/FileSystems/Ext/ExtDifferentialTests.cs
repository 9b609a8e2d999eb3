using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ext;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ext;

/// <summary>
/// Random operations through the engine on one image and through the kernel on a copy. Both must accept and refuse the same; e2fsck must
/// find nothing, and the kernel, the engine, and the kernel's own image must show the same tree.
/// </summary>
[Trait("Category", "Slow")]
public sealed partial class ExtDifferentialTests : IDisposable
{
    private readonly List<IDisposable> _kept = [];

    public static TheoryData<string, int, int, int> Runs()
    {
        var runs = new TheoryData<string, int, int, int>();
        var seed = 1000;
        foreach (var blockSize in new[] { 1024, 4096 })
        {
            foreach (var checksums in new[] { "metadata_csum", "^metadata_csum" })
            {
                foreach (var width in new[] { "64bit", "^64bit" })
                {
                    foreach (var index in new[] { "dir_index", "^dir_index" })
                    {
                        runs.Add($"-t ext4 -O {checksums},{width},{index}", blockSize, 150, seed++);
                    }
                }
            }

            runs.Add("-t ext2 -O ^dir_index,^resize_inode -I 128", blockSize, 150, seed++);
            runs.Add("-t ext3 -I 128", blockSize, 150, seed++);
            runs.Add("-t ext3 -I 256", blockSize, 150, seed++);
            runs.Add("-t ext4 -O inline_data,metadata_csum", blockSize, 150, seed++);
            runs.Add("-t ext4 -O uninit_bg,^metadata_csum,^flex_bg,sparse_super2", blockSize, 150, seed++);
            runs.Add("-t ext4 -O meta_bg,^resize_inode,metadata_csum", blockSize, 150, seed++);
        }

        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Engine_and_kernel_agree(string features, int blockSize, int operations, int seed) =>
        Run(features, blockSize, operations, seed, manyNames: false);

    [Theory]
    [InlineData("-t ext4 -O metadata_csum,64bit,dir_index", 1024, 1000, 1)]
    [InlineData("-t ext4 -O ^metadata_csum,^64bit,dir_index", 1024, 1000, 2)]
    [InlineData("-t ext4 -O metadata_csum,64bit,dir_index", 4096, 1000, 3)]
    public void Engine_and_kernel_agree_on_large_directories(string features, int blockSize, int operations, int seed)
    {
        var image = Run(features, blockSize, operations, seed, manyNames: true);

        Assert.Matches("Flags: 0x[0-9a-f]*1000", image.DebugFs("stat /"));
    }

    public void Dispose() => _kept.ForEach(i => i.Dispose());

    private ExtTestImage Run(string features, int blockSize, int operations, int seed, bool manyNames)
    {
        seed += DifferentialRun.SeedOffset;
        var image = Keep(new ExtTestImage(blockSize == 1024 ? "40M" : "120M", [.. features.Split(' '), "-b", $"{blockSize}", "-N", "4096"]));
        var run = Keep(new DifferentialRun(
            $"{features}, blocks of {blockSize}, seed {seed}", image, ExtFileSystem.Open, tree => new FileSystemWorkload(tree, seed, blockSize, manyNames))
        {
            // Smaller inodes have no room for the times that the workload sets.
            ComparesTimes = !features.Contains("-I 128", StringComparison.Ordinal),
        });
        run.Run(operations, fileSystem => CompareFreeSpace(fileSystem, (ExtTestImage)run.EngineImage, blockSize));
        return (ExtTestImage)run.EngineImage;
    }

    /// <summary>The free extents must be the free blocks that dumpe2fs lists.</summary>
    private static void CompareFreeSpace(WritableGuestFileSystem fileSystem, ExtTestImage image, int blockSize)
    {
        var free = new SortedSet<long>();
        foreach (Match line in FreeBlocksLine().Matches(ExternalTool.Check("dumpe2fs", image.Path)))
        {
            foreach (Match range in Range().Matches(line.Groups[1].Value))
            {
                var first = long.Parse(range.Groups[1].Value, CultureInfo.InvariantCulture);
                var last = range.Groups[2].Success ? long.Parse(range.Groups[2].Value, CultureInfo.InvariantCulture) : first;
                for (var block = first; block <= last; block++)
                {
                    free.Add(block);
                }
            }
        }

        var extents = fileSystem.FreeExtents().ToList();
        Assert.All(extents.Zip(extents.Skip(1)), p => Assert.True(p.First.End <= p.Second.Offset));
        var found = extents.SelectMany(e => Enumerable.Range(0, (int)(e.Length / blockSize)).Select(i => (e.Offset / blockSize) + i)).ToList();
        Assert.True(free.SetEquals(found), $"{free.Except(found).Count()} free blocks are missing, {found.Except(free).Count()} are in use");
    }

    private T Keep<T>(T disposable)
        where T : IDisposable
    {
        _kept.Add(disposable);
        return disposable;
    }

    [GeneratedRegex(@"^  Free blocks: (.*)$", RegexOptions.Multiline)]
    private static partial Regex FreeBlocksLine();

    [GeneratedRegex(@"(\d+)(?:-(\d+))?")]
    private static partial Regex Range();
}
