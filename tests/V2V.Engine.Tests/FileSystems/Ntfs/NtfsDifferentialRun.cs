using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>
/// Random operations on two images with the same contents. On one ntfs-3g makes them all; on the other the engine and ntfs-3g take turns, batch by
/// batch, so that each goes on with what the other has written. Both must accept and refuse the same, the checkers must find nothing after any
/// batch, and the engine and ntfs-3g must read the same from both images.
/// </summary>
/// <param name="what">What a failure message calls the run.</param>
/// <param name="reference">The image that only ntfs-3g changes.</param>
/// <param name="workload">Makes a workload over its tree.</param>
internal sealed class NtfsDifferentialRun(string what, NtfsTestImage reference, Func<KernelTree, FileSystemWorkload> workload) : IDisposable
{
    private const int BatchLength = 40;
    private const int FirstOperations = 60;

    private readonly List<string> _log = [];
    private KernelTree _tree = null!;
    private FileSystemWorkload _changes = null!;

    internal NtfsTestImage Image { get; private set; } = null!;

    public void Dispose() => Image?.Dispose();

    internal void Run(int operations)
    {
        ExternalTool.NeedRoot();
        reference.Mount();
        _tree = new KernelTree(reference.MountPoint);
        _changes = workload(_tree);
        for (var i = 0; i < FirstOperations; i++)
        {
            _changes.Next().Kernel(_tree);
            if (i % 4 == 3)
            {
                _changes.PrepareInKernel();
            }
        }

        reference.Unmount();
        Image = reference.Copy();
        reference.Mount();
        try
        {
            for (var (done, batch) = (0, 0); done < operations; done += BatchLength, batch++)
            {
                // Two batches of the engine, the second on what it has just written, then one of ntfs-3g.
                if (batch % 3 == 2)
                {
                    KernelBatch();
                }
                else
                {
                    EngineBatch();
                }

                Compare();
            }
        }
        catch (Exception e)
        {
            Keep(e);
            throw new InvalidOperationException($"{what}: {e.Message}\nafter\n{string.Join('\n', _log.TakeLast(12))}", e);
        }

        Assert.True(_log.Count(l => l.EndsWith("errno 0", StringComparison.Ordinal)) > operations / 2, "Most operations should succeed.");
    }

    /// <summary>Set V2V_KEEP to a folder to find there the images and all operations of a run that failed.</summary>
    private void Keep(Exception failure)
    {
        if (Environment.GetEnvironmentVariable("V2V_KEEP") is not { } folder)
        {
            return;
        }

        reference.Unmount();
        var path = Path.Combine(folder, new string([.. what.Where(char.IsLetterOrDigit)]));
        File.Copy(reference.Path, path + ".reference", overwrite: true);
        File.Copy(Image.Path, path + ".image", overwrite: true);
        File.WriteAllLines(path + ".log", [.. _log, failure.ToString()]);
    }

    private void EngineBatch()
    {
        using var device = new FileDevice(Image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        for (var i = 0; i < BatchLength; i++)
        {
            var operation = i % 10 == 9 ? _changes.NextTimed() : _changes.Next();
            _log.Add($"{_log.Count}: {operation.Text}");
            var errno = operation.Kernel(_tree);
            _log[^1] += $": errno {errno}";
            GuestFileSystemException? refusal = null;
            try
            {
                operation.Engine(fileSystem);
            }
            catch (GuestFileSystemException e)
            {
                refusal = e;
            }

            if ((errno == 0) != (refusal is null) || (refusal is not null && !DifferentialRun.Fits(errno, refusal.Error)))
            {
                Assert.Fail($"ntfs-3g answers {errno}, the engine {refusal?.Error.ToString() ?? "nothing"} ({refusal?.Message})");
            }
        }

        fileSystem.Flush();
        ReadAnew();
        DifferentialRun.Same(NtfsSnapshot.Of(_tree, _changes.Timed), NtfsSnapshot.Of(fileSystem, _changes.Timed), "the engine, before it is closed, shows");
    }

    private void KernelBatch()
    {
        Image.Mount();
        var tree = new KernelTree(Image.MountPoint);
        for (var i = 0; i < BatchLength; i++)
        {
            var operation = _changes.Next();
            _log.Add($"{_log.Count}: by ntfs-3g: {operation.Text}");
            var errno = operation.Kernel(_tree);
            _log[^1] += $": errno {errno}";
            Assert.Equal(errno, operation.Kernel(tree));
        }

        Image.Unmount();
        ReadAnew();
    }

    /// <summary>To FUSE each name of a file is another file, whose pages it keeps when the file changes under another name.</summary>
    private void ReadAnew()
    {
        reference.Unmount();
        reference.Mount();
    }

    private void Compare()
    {
        Image.Check();
        var expected = NtfsSnapshot.Of(_tree, _changes.Timed);
        using var device = new FileDevice(Image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        DifferentialRun.Same(expected, NtfsSnapshot.Of(fileSystem, _changes.Timed), "the engine shows");
        Image.Mount("loop,ro");
        try
        {
            var tree = new KernelTree(Image.MountPoint);
            DifferentialRun.Same(expected, NtfsSnapshot.Of(tree, _changes.Timed), "ntfs-3g reads from the engine's image");

            // New files get other descriptors from each of the two, so these can only be compared on one image.
            DifferentialRun.Same(NtfsSnapshot.Of(tree, [], hasSecurity: true), NtfsSnapshot.Of(fileSystem, [], hasSecurity: true), "the engine shows, with security,");
        }
        finally
        {
            Image.Unmount();
        }
    }
}
