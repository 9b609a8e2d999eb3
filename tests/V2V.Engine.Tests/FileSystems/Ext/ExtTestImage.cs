using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ext;

/// <summary>An image file made by mke2fs, with what e2fsprogs and the kernel can do to it. Deleted when disposed.</summary>
internal sealed partial class ExtTestImage : IDisposable
{
    private const int MaxBusyAttempts = 50;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("v2v-ext-");
    private bool _isMounted;

    /// <summary>Makes a file system of <paramref name="size"/> ("16M").</summary>
    internal ExtTestImage(string size, params string[] mke2fsArguments)
    {
        // -E nodiscard and no lazy initialisation: all that is on the disk has been written.
        ExternalTool.Check(
            "mke2fs", ["-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", .. mke2fsArguments, Path, size]);
        Directory.CreateDirectory(MountPoint);
    }

    private ExtTestImage(string original)
    {
        ExternalTool.Check("cp", "--sparse=always", original, Path);
        Directory.CreateDirectory(MountPoint);
    }

    internal string Path => System.IO.Path.Combine(_folder.FullName, "image");

    internal string MountPoint => System.IO.Path.Combine(_folder.FullName, "mnt");

    public void Dispose()
    {
        Unmount();
        _folder.Delete(recursive: true);
    }

    internal ExtTestImage Copy() => new(Path);

    internal void Mount(string options = "loop")
    {
        ExternalTool.NeedRoot();
        ExternalTool.Check("mount", "-t", "ext4", "-o", options, Path, MountPoint);
        _isMounted = true;
    }

    internal void Unmount()
    {
        if (!_isMounted)
        {
            return;
        }

        // A process that another test is just starting holds this one's open files until it runs its program.
        for (var attempt = 1; ExternalTool.Run("umount", MountPoint) is var (exitCode, output) && exitCode != 0; attempt++)
        {
            Assert.True(attempt < MaxBusyAttempts, output);
            Thread.Sleep(100);
        }

        // While udev still looks at the loop device it lives on, and a mount that comes then is given it again, with the old contents cached.
        for (var attempt = 1; ExternalTool.Check("losetup", "-j", Path).Length > 0; attempt++)
        {
            Assert.True(attempt < MaxBusyAttempts, "The loop device is still there.");
            Thread.Sleep(50);
        }

        _isMounted = false;
    }

    /// <summary>Runs commands in debugfs, writing to the image.</summary>
    internal string DebugFs(params string[] commands)
    {
        var script = System.IO.Path.Combine(_folder.FullName, "commands");
        File.WriteAllLines(script, commands);
        return ExternalTool.Check("debugfs", "-w", "-f", script, Path);
    }

    /// <summary>A file next to the image that goes away with it.</summary>
    internal string WriteFile(string name, ReadOnlySpan<byte> content)
    {
        var path = System.IO.Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    internal int BlockSize() => int.Parse(BlockSizeLine().Match(DebugFs("stats")).Groups[1].Value, CultureInfo.InvariantCulture);

    /// <summary>Where debugfs says that the blocks of a file lie; index is the block's number in the file.</summary>
    internal long[] BlocksOf(string file)
    {
        var blocks = new SortedDictionary<long, long>();
        foreach (Match m in BlockRun().Matches(DebugFs($"stat {file}")))
        {
            long Number(int group) => long.Parse(m.Groups[group].Value, CultureInfo.InvariantCulture);
            var last = m.Groups[2].Success ? Number(2) : Number(1);
            for (var i = Number(1); i <= last; i++)
            {
                blocks[i] = Number(3) + i - Number(1);
            }
        }

        return [.. blocks.Values];
    }

    [GeneratedRegex(@"Block size:\s+(\d+)")]
    private static partial Regex BlockSizeLine();

    [GeneratedRegex(@"\((\d+)(?:-(\d+))?\):(\d+)")]
    private static partial Regex BlockRun();
}
