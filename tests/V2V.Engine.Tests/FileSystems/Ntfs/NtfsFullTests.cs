using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>Small volumes that are filled up: what does not fit is refused, and nothing is changed by the attempt.</summary>
[Trait("Category", "Slow")]
public sealed class NtfsFullTests
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData("-c 512", 4, 1)]
    [InlineData("-c 4096", 8, 2)]
    [InlineData("-c 65536", 32, 3)]
    [InlineData("-c 4096 -s 4096", 8, 4)]
    public void A_full_volume_refuses_and_stays_right(string arguments, int mebibytes, int seed)
    {
        ExternalTool.NeedRoot();
        using var image = new NtfsTestImage(mebibytes * MiB, arguments.Split(' '));
        var random = new Random(seed + DifferentialRun.SeedOffset);
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        var largest = mebibytes * MiB / 60;
        new FullVolume(image, fileSystem, random, "a file with a longer name ", r => r.Next(r.Next(4) == 0 ? largest : 3000) + 1).FillAndEmpty(batches: 4, attempts: 600);
    }
}
