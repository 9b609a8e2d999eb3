using Xunit;

namespace V2V.Engine.Tests.FileSystems.Fat;

/// <summary>An image file made by mkfs.fat, with what dosfstools, mtools and the kernel can do to it. Deleted when disposed.</summary>
internal sealed class FatTestImage : TestImage
{
    /// <summary>Makes a file system of <paramref name="size"/> bytes.</summary>
    internal FatTestImage(long size, params string[] mkfsArguments)
    {
        ExternalTool.Need("mkfs.fat", "fsck.fat", "mtools");
        using (var image = File.Create(Path))
        {
            image.SetLength(size);
        }

        ExternalTool.Check("mkfs.fat", [.. mkfsArguments, Path]);
    }

    private FatTestImage(string original) => ExternalTool.Check("cp", "--sparse=always", original, Path);

    protected override string Kind => "vfat";

    protected override string MountOptions => ",utf8,codepage=437,shortname=mixed,tz=UTC,umask=0022";

    internal override FatTestImage Copy() => new(Path);

    internal override void Check() => ExternalTool.Check("fsck.fat", "-n", Path);

    /// <summary>Skips the test unless the kernel can mount it.</summary>
    internal static void NeedKernel()
    {
        ExternalTool.NeedRoot();
        _ = ExternalTool.Run("modprobe", "vfat");
        Assert.SkipUnless(File.ReadLines("/proc/filesystems").Any(l => l.EndsWith("\tvfat", StringComparison.Ordinal)), "needs a kernel with vfat");
    }

    /// <summary>Runs a program of mtools on the image; "::/" is its root.</summary>
    internal string MTool(string program, params string[] arguments) =>
        ExternalTool.Check("env", ["LC_ALL=C.UTF-8", "MTOOLS_SKIP_CHECK=1", program, "-i", Path, .. arguments]);

    /// <summary>Clusters in use and in all, as fsck.fat counts them.</summary>
    internal (long Used, long All) Clusters()
    {
        var counts = ExternalTool.Check("fsck.fat", "-n", Path).Split(',', '\n').First(p => p.TrimEnd().EndsWith("clusters", StringComparison.Ordinal));
        var numbers = counts.Trim().Split(' ')[0].Split('/').Select(long.Parse).ToArray();
        return (numbers[0], numbers[1]);
    }
}
