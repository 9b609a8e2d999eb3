using System.Globalization;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Images;

/// <summary>Space that is taken before there is data for it. The kernel tells what a file has.</summary>
public sealed class SpaceAheadTests : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly TemporaryFolder _folder = new();
    private MountedFileSystem? _mounted;

    private string Target => _mounted!["target"];

    public void Dispose()
    {
        _mounted?.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(ImageCompression.None)]
    [InlineData(ImageCompression.Zstd)]
    public void An_image_on_ext4_takes_its_space_ahead_and_gives_back_what_it_does_not_need(ImageCompression compression)
    {
        _mounted = new MountedFileSystem("ext4", 3072);
        var contents = new byte[70 * MiB];
        new Random(3).NextBytes(contents);
        File.WriteAllBytes(_folder["disk.raw"], contents);

        using (var writer = ImageWriters.Create(Target, ImageFormat.Qcow2, contents.Length, compression, createNew: true))
        {
            writer.Write(0, contents.AsSpan(0, MiB));
            Assert.InRange(Allocated(), 32 * MiB, 33 * MiB);
            for (var offset = MiB; offset < contents.Length; offset += MiB)
            {
                writer.Write(offset, contents.AsSpan(offset, MiB));
            }

            Assert.InRange(Allocated(), 96 * MiB, 97 * MiB);
            writer.Complete();
        }

        Assert.InRange(new FileInfo(Target).Length, contents.Length, contents.Length + MiB);
        Assert.InRange(Allocated(), contents.Length, contents.Length + MiB);
        QemuJudge.AssertImage(Target, _folder["disk.raw"]);
    }

    [Theory]
    [InlineData("ext4", 900)]
    [InlineData("xfs", 3072)]
    [InlineData("btrfs", 3072)]
    public void Where_little_is_free_or_nothing_is_gained_a_file_is_as_long_as_its_data(string fileSystem, int size)
    {
        _mounted = new MountedFileSystem(fileSystem, size);
        using var file = HostImageFile.Create(Target, ImageFormat.Qcow2, createNew: true);

        file.Write(65536, new byte[MiB]);

        Assert.Equal(65536 + MiB, file.Length);
    }

    [Fact]
    public void A_file_that_has_its_length_takes_nothing_ahead()
    {
        _mounted = new MountedFileSystem("ext4", 3072);
        using var file = HostImageFile.Create(Target, ImageFormat.Raw, createNew: true);
        file.SetLength(2048L * MiB);

        file.Write(1024L * MiB, new byte[MiB]);
        file.Flush();

        Assert.InRange(Allocated(), MiB, MiB + 65536);
        Assert.Equal(2048L * MiB, file.Length);
    }

    [Fact]
    public void A_gap_before_the_data_stays_a_hole()
    {
        _mounted = new MountedFileSystem("ext4", 3072);
        using var file = HostImageFile.Create(Target, ImageFormat.Qcow2, createNew: true);

        file.Write(1000L * MiB, new byte[MiB]);
        file.Write((1023L * MiB) + 512, new byte[MiB]);

        Assert.InRange(Allocated(), 64 * MiB, 65 * MiB);
    }

    /// <summary>Bytes that the file has of its file system.</summary>
    private long Allocated() => long.Parse(ExternalTool.Check("stat", "-c", "%b", Target), CultureInfo.InvariantCulture) * 512;
}
