using V2V.Engine.Disks;
using V2V.Engine.Disks.Overlay;
using V2V.Engine.Disks.Raw;
using Xunit;

namespace V2V.Engine.Tests.Disks.Overlay;

public sealed class OverlayDiskTests : IDisposable
{
    private const int Size = (6 << 20) + 1536;

    private readonly TestFolder _folder = new();
    private readonly byte[] _source = SampleDisk.Create(Size, seed: 3);

    public void Dispose() => _folder.Dispose();

    private OverlayDisk Create(long memoryLimit) => new(new RawDisk(new MemoryFile(_source)), memoryLimit, _folder.Path);

    [Theory]
    [InlineData(0)]
    [InlineData(300 << 10)]
    [InlineData(OverlayDisk.DefaultMemoryLimit)]
    public void Random_writes_and_reads_agree_with_a_plain_array(long memoryLimit)
    {
        byte[] untouched = (byte[])_source.Clone();
        byte[] model = (byte[])_source.Clone();
        using OverlayDisk overlay = Create(memoryLimit);
        var random = new Random(17);
        byte[] buffer = new byte[200_000];
        for (int i = 0; i < 1500; i++)
        {
            int offset = random.Next(Size + 1);
            int length = random.Next(Math.Min(i % 7 == 0 ? buffer.Length : 5000, Size - offset) + 1);
            Span<byte> part = buffer.AsSpan(0, length);
            if (i % 3 != 0)
            {
                overlay.Read(offset, part);
                Assert.True(part.SequenceEqual(model.AsSpan(offset, length)), $"{length} bytes at {offset} differ");
                continue;
            }

            if (i % 5 == 0)
            {
                part.Fill((byte)random.Next(3));
            }
            else
            {
                random.NextBytes(part);
            }

            overlay.Write(offset, part);
            part.CopyTo(model.AsSpan(offset));
        }

        overlay.Flush();
        DiskAssert.Holds(model, overlay);
        Assert.InRange(overlay.ChangedBytes, 1, Size + OverlayDisk.BlockSize);
        Assert.Equal(untouched, _source);
    }

    [Fact]
    public void Only_what_was_written_counts_as_changed_and_as_data()
    {
        var source = new byte[4 << 20];
        using var overlay = new OverlayDisk(new ZeroSource(source.Length));
        Assert.Equal(0, overlay.ChangedBytes);
        Assert.Equal([new DiskExtent(0, source.Length, IsZero: true)], overlay.Extents(0, source.Length));

        overlay.Write((1 << 20) + 5, [1, 2, 3]);
        overlay.Write((1 << 20) + 6, [4]);
        Assert.Equal(OverlayDisk.BlockSize, overlay.ChangedBytes);
        Assert.Equal(
            [
                new DiskExtent(0, 1 << 20, IsZero: true),
                new DiskExtent(1 << 20, OverlayDisk.BlockSize, IsZero: false),
                new DiskExtent((1 << 20) + OverlayDisk.BlockSize, (3 << 20) - OverlayDisk.BlockSize, IsZero: true),
            ],
            overlay.Extents(0, source.Length));
        byte[] read = new byte[5];
        overlay.Read((1 << 20) + 4, read);
        Assert.Equal([0, 1, 4, 3, 0], read);
    }

    [Fact]
    public async Task Readers_are_not_disturbed_by_a_writer_elsewhere()
    {
        using OverlayDisk overlay = Create(memoryLimit: 256 << 10);
        using var stop = new CancellationTokenSource();
        const int half = Size / 2 / OverlayDisk.BlockSize * OverlayDisk.BlockSize;
        Task[] readers = [.. Enumerable.Range(0, 3).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            byte[] buffer = new byte[100_000];
            while (!stop.IsCancellationRequested)
            {
                int offset = random.Next(half - buffer.Length);
                overlay.Read(offset, buffer);
                Assert.True(buffer.AsSpan().SequenceEqual(_source.AsSpan(offset, buffer.Length)));
            }
        }))];
        var random = new Random(99);
        byte[] data = new byte[30_000];
        for (int i = 0; i < 600; i++)
        {
            random.NextBytes(data);
            int offset = half + random.Next(Size - half - data.Length);
            overlay.Write(offset, data);
            byte[] read = new byte[data.Length];
            overlay.Read(offset, read);
            Assert.Equal(data, read);
        }

        await stop.CancelAsync();
        await Task.WhenAll(readers);
    }

    [Fact]
    public void The_temporary_file_is_seen_by_nobody_and_leaves_nothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "unlinking an open file needs Unix");
        using (OverlayDisk overlay = Create(memoryLimit: 0))
        {
            overlay.Write(12345, new byte[100_000]);
            Assert.Empty(Directory.GetFiles(_folder.Path));
        }

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Blocks_filled_with_one_byte_take_no_space()
    {
        byte[] journal = new byte[1 << 20];
        journal.AsSpan().Fill(0xFF);
        using var overlay = new OverlayDisk(new ZeroSource(64 << 20), 0, _folder["missing"]); // where any block that is stored is an error
        for (long offset = 0; offset < overlay.Length; offset += journal.Length)
        {
            overlay.Write(offset, journal);
        }

        Assert.Equal(overlay.Length, overlay.ChangedBytes);
        byte[] read = new byte[journal.Length];
        overlay.Read(5000, read);
        Assert.Equal(journal, read);
        Assert.Throws<ConversionException>(() => overlay.Write(5000, [1]));
    }

    [Fact]
    public void A_folder_that_cannot_take_the_temporary_file_is_named()
    {
        using var overlay = new OverlayDisk(new RawDisk(new MemoryFile(_source)), 0, _folder["missing"]);
        var e = Assert.Throws<ConversionException>(() => overlay.Write(0, [1]));
        Assert.Equal(_folder["missing"], e.Path);
        byte[] start = new byte[4];
        overlay.Read(0, start);
        Assert.Equal(_source[..4], start);
    }

    private sealed class ZeroSource(long length) : BlockDevice
    {
        public override long Length => length;

        public override void Read(long offset, Span<byte> buffer) => buffer.Clear();

        public override IEnumerable<DiskExtent> Extents(long offset, long length) => [new DiskExtent(offset, length, IsZero: true)];
    }
}
