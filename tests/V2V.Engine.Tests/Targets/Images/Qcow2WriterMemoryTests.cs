using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Images;

/// <summary>What it costs to write disks that are large and almost empty.</summary>
[Collection(AloneCollection.Name)]
public sealed class Qcow2WriterMemoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ImageCompression.None)]
    [InlineData(ImageCompression.Zlib)]
    public void A_disk_of_64_TiB_takes_no_more_room_and_memory_than_its_data_need(ImageCompression compression)
    {
        const long capacity = 64L << 40;
        const int mapped = 512 << 20; // by one L2 table
        var data = new byte[4096];
        new Random(1).NextBytes(data);
        using var raw = File.OpenHandle(_folder["disk.raw"], FileMode.CreateNew, FileAccess.ReadWrite);
        RandomAccess.SetLength(raw, (16L << 40) - 4096); // the largest file that ext4 allows

        // Far more tables than are kept in memory, each used, left, and used again.
        var tables = Enumerable.Range(0, 300).Select(i => i * 100L).ToArray();
        new Random(4).Shuffle(tables);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using (var writer = ImageWriters.Create(_folder["disk.qcow2"], ImageFormat.Qcow2, capacity, compression, createNew: true))
        {
            foreach (var offset in tables)
            {
                writer.Write(offset * mapped, data);
            }

            foreach (var offset in tables)
            {
                writer.Write((offset * mapped) + (mapped / 2), data);
            }

            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, 0, 32 << 20);
            writer.Complete();
        }

        foreach (var offset in tables)
        {
            RandomAccess.Write(raw, data, offset * mapped);
            RandomAccess.Write(raw, data, (offset * mapped) + (mapped / 2));
        }

        ExternalTool.Check("qemu-img", "check", _folder["disk.qcow2"]);

        // The parts behind the raw file's end have to be zeros, which is what compare asks for when the sizes differ.
        ExternalTool.Check("qemu-img", "compare", "-f", "raw", "-F", "qcow2", _folder["disk.raw"], _folder["disk.qcow2"]);
        Assert.InRange(new FileInfo(_folder["disk.qcow2"]).Length, 0, 60 << 20);
    }
}
