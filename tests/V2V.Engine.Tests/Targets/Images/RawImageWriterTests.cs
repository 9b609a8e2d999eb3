using System.Globalization;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Images;

public sealed class RawImageWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Runs_written_by_several_threads_end_up_at_their_places()
    {
        var contents = MemoryDisk.Mixed((20 << 20) + 512, seed: 5);
        using (var writer = Create("disk.raw", contents.Length))
        {
            Parallel.For(0, (contents.Length + 65535) / 65536, i =>
            {
                var offset = i * 65536;
                writer.Write(offset, contents.AsSpan(offset, Math.Min(65536, contents.Length - offset)));
            });
            writer.Complete();
            Assert.Equal(contents.Length, writer.BytesWritten);
        }

        Assert.True(contents.AsSpan().SequenceEqual(File.ReadAllBytes(_folder["disk.raw"])));
    }

    [Fact]
    public void What_is_not_written_is_a_hole()
    {
        const long capacity = 100L << 30;
        using (var writer = Create("disk.raw", capacity))
        {
            writer.Write(50L << 30, new byte[writer.Granularity]);
            writer.Complete();
        }

        Assert.Equal(capacity, new FileInfo(_folder["disk.raw"]).Length);
        var blocks = long.Parse(ExternalTool.Check("stat", "-c", "%b", _folder["disk.raw"]), CultureInfo.InvariantCulture);
        Assert.InRange(blocks * 512, 1, 64 << 10);
    }

    [Fact]
    public void A_file_that_was_there_leaves_nothing_behind()
    {
        File.WriteAllBytes(_folder["disk.raw"], MemoryDisk.Mixed(1 << 20, seed: 6));
        using (var writer = ImageWriters.Create(_folder["disk.raw"], ImageFormat.Raw, 1 << 19, ImageCompression.None, createNew: false))
        {
            writer.Complete();
        }

        Assert.True(new byte[1 << 19].AsSpan().SequenceEqual(File.ReadAllBytes(_folder["disk.raw"])));
    }

    private ImageWriter Create(string name, long capacity) =>
        ImageWriters.Create(_folder[name], ImageFormat.Raw, capacity, ImageCompression.None, createNew: true);
}
