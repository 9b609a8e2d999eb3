using System.Globalization;
using V2V.Engine.Disks;
using V2V.Engine.FileSystems;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems;

/// <summary>
/// Random operations through the engine on one image and through the kernel on a copy. Both must accept and refuse the same; the format's own
/// checker must find nothing, and the kernel, the engine, and the kernel on the engine's image must show the same tree.
/// </summary>
/// <param name="what">What a failure message calls the run.</param>
/// <param name="kernelImage">The image that the kernel changes; mounted when the run has ended.</param>
/// <param name="open">Opens the engine's file system.</param>
/// <param name="workload">Makes a workload over the kernel's tree.</param>
internal sealed class DifferentialRun(
    string what, TestImage kernelImage, Func<WritableBlockDevice, WritableGuestFileSystem> open, Func<KernelTree, FileSystemWorkload> workload) : IDisposable
{
    /// <summary>Set V2V_SEED to other numbers to try other sequences.</summary>
    internal static readonly int SeedOffset = int.Parse(Environment.GetEnvironmentVariable("V2V_SEED") ?? "0", CultureInfo.InvariantCulture);

    private const int BatchLength = 50;

    private readonly List<string> _log = [];

    /// <summary>The image that the engine changes.</summary>
    internal TestImage EngineImage { get; private set; } = null!;

    /// <summary>Whether times are compared; a format may not have room for all of them.</summary>
    internal bool ComparesTimes { get; init; } = true;

    public void Dispose() => EngineImage?.Dispose();

    /// <param name="operations">How many; before them the kernel alone makes a third as many.</param>
    /// <param name="atEnd">Looks at the engine's flushed file system.</param>
    internal void Run(int operations, Action<WritableGuestFileSystem>? atEnd = null)
    {
        ExternalTool.NeedRoot();
        kernelImage.Mount();
        var tree = new KernelTree(kernelImage.MountPoint);
        var changes = workload(tree);

        // The engine starts from what the kernel has written.
        for (var i = 0; i < operations / 3; i++)
        {
            changes.Next().Kernel(tree);
            if (i % 4 == 3)
            {
                changes.PrepareInKernel();
            }
        }

        kernelImage.Unmount();
        EngineImage = kernelImage.Copy();
        kernelImage.Mount();
        try
        {
            using var device = new FileDevice(EngineImage.Path);
            var fileSystem = open(device);
            for (var done = 0; done < operations; done += BatchLength)
            {
                for (var i = 0; i < BatchLength; i++)
                {
                    Step(changes.Next(), fileSystem, tree);
                }

                for (var i = 0; i < 3; i++)
                {
                    Step(changes.NextTimed(), fileSystem, tree);
                }

                fileSystem.Flush();
                Compare(fileSystem, tree, ComparesTimes ? changes.Timed : []);
                if (done >= operations / 2 && done < (operations / 2) + BatchLength)
                {
                    fileSystem.Dispose();
                    fileSystem = open(device);
                }
            }

            fileSystem.Flush();
            atEnd?.Invoke(fileSystem);
            fileSystem.Dispose();
            Assert.True(_log.Count(l => l.EndsWith("errno 0, done", StringComparison.Ordinal)) > operations / 2, "Most operations should succeed.");
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{what}: {e.Message}\nafter\n{string.Join('\n', _log.TakeLast(12))}", e);
        }
    }

    private void Step(FileSystemOperation operation, WritableGuestFileSystem fileSystem, KernelTree tree)
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
    internal static bool Fits(int errno, V2VError error) => errno switch
    {
        2 or 20 => error is V2VError.GuestPathNotFound or V2VError.GuestPathInvalid,                // ENOENT, ENOTDIR
        17 or 39 => error is V2VError.GuestPathExists or V2VError.GuestPathInvalid,                 // EEXIST, ENOTEMPTY
        1 or 21 or 22 or 36 or 84 => error is V2VError.GuestPathInvalid or V2VError.GuestPathExists, // EPERM, EISDIR, EINVAL, ENAMETOOLONG, EILSEQ
        7 or 28 or 34 => error is V2VError.FileSystemFull or V2VError.GuestPathInvalid,             // E2BIG, ENOSPC, ERANGE
        _ => false,
    };

    private void Compare(WritableGuestFileSystem fileSystem, KernelTree tree, HashSet<string> timed)
    {
        EngineImage.Check();
        var expected = TreeSnapshot.Of(tree, timed);
        Same(expected, TreeSnapshot.Of(fileSystem, timed), "the engine shows");
        EngineImage.Mount("loop,ro");
        try
        {
            Same(expected, TreeSnapshot.Of(new KernelTree(EngineImage.MountPoint), timed), "the kernel reads from the engine's image");
        }
        finally
        {
            EngineImage.Unmount();
        }
    }

    internal static void Same(List<string> expected, List<string> actual, string who)
    {
        var missing = expected.Except(actual).ToList();
        var extra = actual.Except(expected).ToList();
        Assert.True(
            missing.Count == 0 && extra.Count == 0,
            $"{missing.Count} and {extra.Count} lines differ; the kernel shows\n  {string.Join("\n  ", missing.Take(5))}\n{who}\n  {string.Join("\n  ", extra.Take(5))}");
    }
}
