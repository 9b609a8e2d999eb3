using System.Globalization;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>An image file made by mkfs.xfs, with what xfsprogs and the kernel can do to it.</summary>
internal sealed class XfsTestImage : TestImage
{
    /// <summary>Makes a file system of <paramref name="size"/> ("400M"). Below 300 MiB mkfs.xfs does not make one unless it is told that it is a test.</summary>
    internal XfsTestImage(string size, params string[] mkfsArguments)
    {
        ExternalTool.Check("truncate", "-s", size, Path);
        ExternalTool.Check("mkfs.xfs", ["-q", "-f", "--unsupported", .. mkfsArguments, Path]);
    }

    private XfsTestImage(XfsTestImage original) => ExternalTool.Check("cp", "--sparse=always", original.Path, Path);

    protected override string Kind => "xfs";

    protected override string MountOptions => ",nouuid";

    internal override TestImage Copy() => new XfsTestImage(this);

    internal override void Check()
    {
        // A single allocation group leaves nothing to compare the geometry with.
        var (exitCode, output) = ExternalTool.Run("xfs_repair", "-n", "-o", "force_geometry", Path);
        Assert.True(exitCode == 0, output);
    }

    /// <summary>Runs commands in xfs_db, without writing.</summary>
    internal string Db(params string[] commands) =>
        ExternalTool.Check("xfs_db", ["-r", .. commands.SelectMany(c => new[] { "-c", c }), Path]);

    /// <summary>A number that xfs_db prints as "name = number".</summary>
    internal long DbNumber(string field, params string[] commands)
    {
        var output = Db([.. commands, $"print {field}"]);
        var number = output[(output.LastIndexOf('=') + 1)..].Trim();
        return number.StartsWith("0x", StringComparison.Ordinal)
            ? long.Parse(number[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : long.Parse(number, CultureInfo.InvariantCulture);
    }
}
