using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ext;

/// <summary>An image file made by mke2fs, with what e2fsprogs and the kernel can do to it. Deleted when disposed.</summary>
internal sealed partial class ExtTestImage : TestImage
{
    /// <summary>Makes a file system of <paramref name="size"/> ("16M").</summary>
    internal ExtTestImage(string size, params string[] mke2fsArguments)
    {
        // -E nodiscard and no lazy initialisation: all that is on the disk has been written.
        ExternalTool.Check(
            "mke2fs", ["-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", .. mke2fsArguments, Path, size]);
    }

    private ExtTestImage(string original)
    {
        ExternalTool.Check("cp", "--sparse=always", original, Path);
    }

    protected override string Kind => "ext4";

    internal override ExtTestImage Copy() => new(Path);

    internal override void Check()
    {
        var (exitCode, output) = ExternalTool.Run("e2fsck", "-fn", Path);
        Assert.True(exitCode == 0, output);
    }

    /// <summary>Runs commands in debugfs, writing to the image.</summary>
    internal string DebugFs(params string[] commands)
    {
        var script = WriteFile("commands", System.Text.Encoding.UTF8.GetBytes(string.Join('\n', commands) + "\n"));
        return ExternalTool.Check("debugfs", "-w", "-f", script, Path);
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
