using V2V.Engine.Disks;
using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;
using Xunit;

namespace V2V.Engine.Tests.Disks.Mapping;

public sealed class InflatedCacheTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("vmdk", "subformat=streamOptimized")]
    [InlineData("qcow2", "compression_type=zstd")]
    public void Small_reads_inflate_a_unit_once_and_memory_stays_bounded(string format, string options)
    {
        QemuImg.Require();
        byte[] disk = new byte[48 << 20];
        new Random(4).NextBytes(disk);
        disk.AsSpan().Replace((byte)0, (byte)1);
        for (int i = 0; i < disk.Length; i += 2)
        {
            disk[i] = 5;
        }

        string image = _folder["disk." + format];
        QemuImg.Run(
            ["convert", "-f", "raw", "-O", format, "-o", options, .. format == "qcow2" ? new[] { "-c" } : [], SampleDisk.Write(_folder, disk), image]);
        using var file = new CountingFile(File.ReadAllBytes(image), image);
        using BlockDevice device = DiskImages.Open(file);
        byte[] block = new byte[4096];
        device.Read(0, block);
        long before = file.BytesRead;
        for (int offset = 0; offset < disk.Length; offset += block.Length)
        {
            device.Read(offset, block);
            Assert.True(block.AsSpan().SequenceEqual(disk.AsSpan(offset, block.Length)));
        }

        // Without the cache every 64 KiB would have been read 16 times.
        Assert.InRange(file.BytesRead - before, disk.Length / 4, disk.Length * 2L);
        Assert.InRange(InflatedCache.Size, 1 << 20, InflatedCache.Limit);
    }

    private sealed class CountingFile(byte[] content, string path) : DiskFile
    {
        private readonly MemoryFile _file = new(content);

        public long BytesRead { get; private set; }

        public override string Path => path;

        public override long Length => _file.Length;

        public override void Read(long offset, Span<byte> buffer)
        {
            BytesRead += buffer.Length;
            _file.Read(offset, buffer);
        }
    }
}
