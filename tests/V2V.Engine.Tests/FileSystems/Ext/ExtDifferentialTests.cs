using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ext;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ext;

/// <summary>
/// Random operations through the engine on one image and through the kernel on a copy. Both must accept and refuse the same; e2fsck must
/// find nothing, and the kernel, the engine, and the kernel's own image must show the same tree.
/// </summary>
[Trait("Category", "Slow")]
public sealed partial class ExtDifferentialTests : IDisposable
{
    private const int BatchLength = 50;

    /// <summary>Set V2V_SEED to other numbers to try other sequences.</summary>
    private static readonly int SeedOffset = int.Parse(Environment.GetEnvironmentVariable("V2V_SEED") ?? "0", CultureInfo.InvariantCulture);

    private readonly List<string> _log = [];
    private readonly List<IDisposable> _images = [];

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

    public void Dispose() => _images.ForEach(i => i.Dispose());

    private ExtTestImage Run(string features, int blockSize, int operations, int seed, bool manyNames)
    {
        ExternalTool.NeedRoot();
        seed += SeedOffset;
        var kernelImage = Keep(new ExtTestImage(blockSize == 1024 ? "40M" : "120M", [.. features.Split(' '), "-b", $"{blockSize}", "-N", "4096"]));
        kernelImage.Mount();
        var tree = new KernelTree(kernelImage.MountPoint);
        var workload = new ExtWorkload(tree, seed, blockSize, manyNames);

        // The engine starts from what the kernel has written.
        for (var i = 0; i < operations / 3; i++)
        {
            workload.Next().Kernel(tree);
            if (i % 4 == 3)
            {
                workload.PrepareInKernel();
            }
        }

        kernelImage.Unmount();
        var engineImage = Keep(kernelImage.Copy());
        kernelImage.Mount();

        var what = $"{features}, blocks of {blockSize}, seed {seed}";
        try
        {
            using var device = new FileDevice(engineImage.Path);
            WritableGuestFileSystem fileSystem = ExtFileSystem.Open(device);
            for (var done = 0; done < operations; done += BatchLength)
            {
                for (var i = 0; i < BatchLength; i++)
                {
                    Step(workload.Next(), fileSystem, tree);
                }

                for (var i = 0; i < 3; i++)
                {
                    Step(workload.NextTimed(), fileSystem, tree);
                }

                fileSystem.Flush();
                var timed = features.Contains("-I 128", StringComparison.Ordinal) ? [] : workload.Timed;
                Compare(fileSystem, engineImage, tree, timed);
                if (done >= operations / 2 && done < (operations / 2) + BatchLength)
                {
                    fileSystem.Dispose();
                    fileSystem = ExtFileSystem.Open(device);
                }
            }

            CompareFreeSpace(fileSystem, engineImage, blockSize);
            fileSystem.Dispose();
            Assert.True(_log.Count(l => l.EndsWith("errno 0, done", StringComparison.Ordinal)) > operations / 2, "Most operations should succeed.");
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{what}: {e.Message}\nafter\n{string.Join('\n', _log.TakeLast(12))}", e);
        }

        return engineImage;
    }

    private void Step(ExtOperation operation, WritableGuestFileSystem fileSystem, KernelTree tree)
    {
        _log.Add($"{_log.Count}: {operation.Text.Replace("\n", "\\n", StringComparison.Ordinal)}");
        var errno = operation.Kernel(tree);
        GuestFileSystemException? refusal = null;
        try
        {
            operation.Engine(fileSystem);
        }
        catch (GuestFileSystemException e)
        {
            refusal = e;
        }

        _log[^1] += $": errno {errno}, {refusal?.Error.ToString() ?? "done"}";
        if ((errno == 0) != (refusal is null) || (refusal is not null && !Fits(errno, refusal.Error)))
        {
            Assert.Fail($"the kernel answers {errno}, the engine {refusal?.Error.ToString() ?? "nothing"} ({refusal?.Message})");
        }
    }

    /// <summary>Whether the engine's word fits the kernel's. Where several things are wrong at once, either may be told.</summary>
    private static bool Fits(int errno, V2VError error) => errno switch
    {
        2 or 20 => error is V2VError.GuestPathNotFound or V2VError.GuestPathInvalid,                // ENOENT, ENOTDIR
        17 or 39 => error is V2VError.GuestPathExists or V2VError.GuestPathInvalid,                 // EEXIST, ENOTEMPTY
        1 or 21 or 22 or 36 => error is V2VError.GuestPathInvalid or V2VError.GuestPathExists,      // EPERM, EISDIR, EINVAL, ENAMETOOLONG
        7 or 28 or 34 => error is V2VError.FileSystemFull or V2VError.GuestPathInvalid,             // E2BIG, ENOSPC, ERANGE
        _ => false,
    };

    private static void Compare(WritableGuestFileSystem fileSystem, ExtTestImage engineImage, KernelTree tree, HashSet<string> timed)
    {
        var (exitCode, output) = ExternalTool.Run("e2fsck", "-fn", engineImage.Path);
        Assert.True(exitCode == 0, output);
        var expected = TreeSnapshot.Of(tree, timed);
        Same(expected, TreeSnapshot.Of(fileSystem, timed), "the engine shows");
        engineImage.Mount("loop,ro");
        try
        {
            Same(expected, TreeSnapshot.Of(new KernelTree(engineImage.MountPoint), timed), "the kernel reads from the engine's image");
        }
        finally
        {
            engineImage.Unmount();
        }
    }

    private static void Same(List<string> expected, List<string> actual, string who)
    {
        var missing = expected.Except(actual).ToList();
        var extra = actual.Except(expected).ToList();
        Assert.True(
            missing.Count == 0 && extra.Count == 0,
            $"{missing.Count} and {extra.Count} lines differ; the kernel shows\n  {string.Join("\n  ", missing.Take(5))}\n{who}\n  {string.Join("\n  ", extra.Take(5))}");
    }

    /// <summary>The free extents must be the free blocks that dumpe2fs lists.</summary>
    private static void CompareFreeSpace(WritableGuestFileSystem fileSystem, ExtTestImage image, int blockSize)
    {
        fileSystem.Flush();
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

    private ExtTestImage Keep(ExtTestImage image)
    {
        _images.Add(image);
        return image;
    }

    [GeneratedRegex(@"^  Free blocks: (.*)$", RegexOptions.Multiline)]
    private static partial Regex FreeBlocksLine();

    [GeneratedRegex(@"(\d+)(?:-(\d+))?")]
    private static partial Regex Range();
}
