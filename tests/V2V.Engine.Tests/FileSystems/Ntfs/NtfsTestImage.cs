using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>An image file made by mkntfs, with what ntfs-3g and its tools can do to it. Deleted when disposed.</summary>
internal sealed class NtfsTestImage : TestImage
{
    /// <summary>ntfsck of ntfsprogs-plus is the strictest checker there is outside Windows, but no distribution has it: whoever has built it names it here.</summary>
    private static readonly string? s_ntfsck = Environment.GetEnvironmentVariable("V2V_NTFSCK");

    /// <summary>Makes a file system of <paramref name="size"/> bytes.</summary>
    internal NtfsTestImage(long size, params string[] mkntfsArguments)
    {
        NeedTools();
        using (var image = File.Create(Path))
        {
            image.SetLength(size);
        }

        ExternalTool.Check("mkntfs", ["-q", "-Q", "-F", "-p", "0", "-H", "255", "-S", "63", .. mkntfsArguments, Path]);
    }

    /// <summary>A partition of a disk.</summary>
    internal NtfsTestImage(string disk, long offset, long length)
    {
        NeedTools();
        ExternalTool.Check(
            "dd", $"if={disk}", $"of={Path}", "bs=64K", "iflag=skip_bytes,count_bytes", $"skip={offset}", $"count={length}", "conv=sparse", "status=none");
        using var image = File.OpenWrite(Path);
        image.SetLength(length);
    }

    private NtfsTestImage(string original) => ExternalTool.Check("cp", "--sparse=always", original, Path);

    /// <summary>mount(8) hands it to the driver in user space, which comes with the tools, and not to a kernel's own.</summary>
    protected override string Kind => "ntfs-3g";

    /// <summary>Only names that Windows can use; streams as name:stream; junctions and links as they are stored.</summary>
    protected override string MountOptions => ",windows_names,streams_interface=windows,compression";

    internal override NtfsTestImage Copy() => new(Path);

    internal override void Check()
    {
        Succeeds("processed successfully", "ntfsfix", "-n", Path);
        AccountForClusters();
        Succeeds("Volume Information", "ntfsinfo", "-m", "-f", Path);
        AuditSecurity();
        if (s_ntfsck is not null)
        {
            Succeeds("Clean, No errors found", s_ntfsck, "-n", Path);
        }

        var findings = NtfsVolumeChecker.Check(Path);
        Assert.True(findings.Count == 0, $"{findings.Count} findings:\n  {string.Join("\n  ", findings.Take(12))}");
    }

    /// <summary>ntfsresize looks at every record, and compares their clusters with $Bitmap; of a full volume it then says that there is nothing to resize.</summary>
    private void AccountForClusters()
    {
        var (exitCode, output) = ExternalTool.Run("ntfsresize", "--info", "--force", Path);
        Assert.True(
            output.Contains("Accounting clusters", StringComparison.Ordinal)
            && ((exitCode == 0 && output.Contains("You might resize", StringComparison.Ordinal)) || output.Contains("Volume is full", StringComparison.Ordinal)),
            $"ntfsresize ended with {exitCode}: {output}");
    }

    /// <summary>Where the last descriptor ends at a multiple of 16 bytes, ntfssecaudit reads on behind it, and may crash; that says nothing.</summary>
    private void AuditSecurity()
    {
        const int Crash = 128 + 11;
        var (exitCode, output) = ExternalTool.Run("ntfssecaudit", "-a", Path);
        Assert.True(exitCode == Crash || (exitCode == 0 && output.Contains("No errors were found", StringComparison.Ordinal)), $"ntfssecaudit ended with {exitCode}: {output}");
    }

    /// <summary>A tool must end well and say so. Where it could not account for everything, it may say that and still end well.</summary>
    private static void Succeeds(string sign, string program, params string[] arguments)
    {
        var (exitCode, output) = ExternalTool.Run(program, arguments);
        Assert.True(exitCode == 0 && output.Contains(sign, StringComparison.Ordinal), $"{program} ended with {exitCode}: {output}");
    }

    private static void NeedTools() => ExternalTool.Need("mkntfs", "ntfs-3g", "ntfsfix", "ntfsinfo", "ntfsresize", "ntfssecaudit");
}
