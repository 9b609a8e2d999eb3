using System.Buffers.Binary;
using V2V.Engine.FileSystems.Ntfs;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

public sealed class NtfsBootSectorTests
{
    private const long Length = 1L << 40;

    [Theory]
    [InlineData(512, 8, 0xF6, 0x01, 4096, 1024, 4096)]
    [InlineData(512, 1, 0x02, 0x08, 512, 1024, 4096)]
    [InlineData(512, 0x80, 0xF6, 0xF4, 65536, 1024, 4096)] // 128 sectors: the last number that is one
    [InlineData(512, 0xF8, 0xF6, 0xF4, 131072, 1024, 4096)] // 2^8 sectors
    [InlineData(512, 0xF4, 0xF6, 0xF4, 2 << 20, 1024, 4096)] // 2^12 sectors
    [InlineData(4096, 1, 0x01, 0x01, 4096, 4096, 4096)]
    [InlineData(4096, 0xF7, 0xF4, 0xF4, 2 << 20, 4096, 4096)] // 2^9 sectors
    public void Geometry(int sector, int sectorsPerCluster, int record, int index, int clusterSize, int recordSize, int indexSize)
    {
        var boot = NtfsBootSector.Parse(Sector(sector, sectorsPerCluster, record, index), Length);
        Assert.Equal(clusterSize, boot.ClusterSize);
        Assert.Equal(recordSize, boot.RecordSize);
        Assert.Equal(indexSize, boot.IndexBlockSize);
        Assert.Equal(Math.Min(1L << 30, Length / sector) / (clusterSize / sector), boot.ClusterCount);
        Assert.Equal("0123456789ABCDEF", boot.Uuid);
    }

    [Theory]
    [InlineData(256, 8, 0xF6, 0x01)]
    [InlineData(520, 8, 0xF6, 0x01)]
    [InlineData(8192, 8, 0xF6, 0x01)]
    [InlineData(512, 0, 0xF6, 0x01)]
    [InlineData(512, 3, 0xF6, 0x01)]
    [InlineData(512, 0x81, 0xF6, 0x01)] // 2^127 sectors
    [InlineData(512, 0xF3, 0xF6, 0x01)] // 4 MiB
    [InlineData(4096, 0xF4, 0xF4, 0xF4)] // 16 MiB
    [InlineData(512, 8, 0x00, 0x01)]
    [InlineData(512, 8, 0xF8, 0x01)] // 256 bytes
    [InlineData(512, 8, 0x80, 0x01)]
    [InlineData(512, 8, 0xF6, 0x7F)] // 127 clusters
    public void Geometry_that_makes_no_sense(int sector, int sectorsPerCluster, int record, int index)
    {
        var error = Assert.Throws<GuestFileSystemException>(() => NtfsBootSector.Parse(Sector(sector, sectorsPerCluster, record, index), Length));
        Assert.Equal(V2VError.FileSystemCorrupt, error.Error);
    }

    [Theory]
    [InlineData(0x28, 0L)]
    [InlineData(0x28, -1L)]
    [InlineData(0x28, 1L << 40)]
    [InlineData(0x30, 0L)]
    [InlineData(0x30, -5L)]
    [InlineData(0x30, 1L << 30)]
    public void Places_beyond_the_volume(int offset, long value)
    {
        var sector = Sector(512, 8, 0xF6, 0x01);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(offset), value);
        Assert.Throws<GuestFileSystemException>(() => NtfsBootSector.Parse(sector, Length));
    }

    private static byte[] Sector(int sectorSize, int sectorsPerCluster, int record, int index)
    {
        var sector = new byte[512];
        "NTFS    "u8.CopyTo(sector.AsSpan(3));
        BinaryPrimitives.WriteUInt16LittleEndian(sector.AsSpan(0x0B), (ushort)sectorSize);
        sector[0x0D] = (byte)sectorsPerCluster;
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(0x28), Math.Min(1L << 30, Length / sectorSize));
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(0x30), 4);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(0x38), 2);
        sector[0x40] = (byte)record;
        sector[0x44] = (byte)index;
        BinaryPrimitives.WriteUInt64LittleEndian(sector.AsSpan(0x48), 0x0123456789ABCDEF);
        return sector;
    }
}
