using System.Buffers.Binary;
using V2V.Engine.IO;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Volumes;
using V2V.Engine.Volumes.Gpt;
using Xunit;

namespace V2V.Engine.Tests.Volumes.Gpt;

public class GptPartitionTableTests
{
    private const int Size = 32 << 20;

    /// <summary>sgdisk sleeps for a second after every change, so the tests share what it made.</summary>
    private static readonly Lazy<byte[]> TypicalBytes = new(() =>
    {
        using var image = Typical();
        return image.Load().Bytes;
    });

    private static ArrayDevice TypicalDisk() => new((byte[])TypicalBytes.Value.Clone());

    private static DiskImage Typical() => new DiskImage(Size).Sgdisk(
        "-n", "1:2048:+1M", "-t", "1:ef02", "-A", "1:set:2",
        "-n", "2:0:+4M", "-t", "2:ef00", "-c", "2:EFI System",
        "-n", "5:0:+8M", "-t", "5:8304", "-c", "5:Wurzel-Δρ",
        "-n", "7:0:0", "-t", "7:8200", "-c", "7:a name of exactly thirty-six letters");

    [Fact]
    public void Partitions_are_those_that_sfdisk_sees()
    {
        using var image = Typical();

        var volumes = image.Discover();

        // sfdisk prints names in UTF-8, which the runner of programs reads as Latin-1.
        var expected = image.DescribedBySfdisk();
        Assert.Equal([1, 2, 5, 7], volumes.Select(v => v.PartitionNumber!.Value));
        Assert.Equal(
            expected.Where(l => !l.StartsWith("05", StringComparison.Ordinal)),
            DiskImage.Describe(volumes.Where(v => v.PartitionNumber != 5)));
        Assert.Equal("Wurzel-Δρ", volumes[2].PartitionLabel);
        Assert.Equal(
            [GptPartitionTypes.BiosBoot, GptPartitionTypes.EfiSystem, GptPartitionTypes.LinuxRootX64, GptPartitionTypes.LinuxSwap],
            volumes.Select(v => v.GptType!.Value));
        Assert.Equal([true, false, false, false], volumes.Select(v => v.IsActive));
        Assert.All(volumes, v => Assert.Equal(VolumeKind.GptPartition, v.Kind));
        Assert.All(volumes, v => Assert.Null(v.MbrType));
    }

    [Fact]
    public void The_known_types_are_those_of_sgdisk()
    {
        string[] codes = ["ef00", "ef02", "8300", "8200", "8e00", "fd00", "8303", "8304", "8305", "8302", "ea00", "0c01", "0700", "2700"];
        using var image = new DiskImage(32 << 20).Sgdisk([.. codes.SelectMany((c, i) => new[] { "-n", $"{i + 1}:0:+1M", "-t", $"{i + 1}:{c}" })]);

        Assert.Equal(
            [
                GptPartitionTypes.EfiSystem, GptPartitionTypes.BiosBoot, GptPartitionTypes.LinuxFileSystem, GptPartitionTypes.LinuxSwap,
                GptPartitionTypes.LinuxLvm, GptPartitionTypes.LinuxRaid, GptPartitionTypes.LinuxRootX86, GptPartitionTypes.LinuxRootX64,
                GptPartitionTypes.LinuxRootArm64, GptPartitionTypes.LinuxHome, GptPartitionTypes.LinuxExtendedBoot,
                GptPartitionTypes.MicrosoftReserved, GptPartitionTypes.MicrosoftBasicData, GptPartitionTypes.MicrosoftRecovery,
            ],
            image.Discover().Select(v => v.GptType!.Value));
    }

    [Fact]
    public void A_hybrid_table_is_read_as_gpt()
    {
        using var image = Typical().Sgdisk("-h", "2:5");

        Assert.Equal(4, image.Discover().Count);
    }

    [Fact]
    public void Larger_entry_arrays_are_read()
    {
        using var image = new DiskImage(Size).Sgdisk("-S", "512", "-n", "400:0:+1M");

        Assert.Equal(400, Assert.Single(image.Discover()).PartitionNumber);
    }

    [Fact]
    public void Sectors_of_4096_bytes_are_recognised()
    {
        ExternalTool.NeedRoot();
        using var image = new DiskImage(Size);
        var loop = ExternalTool.Check("losetup", "--show", "-f", "-b", "4096", image.Path).Trim();
        try
        {
            ExternalTool.Check("sgdisk", "-n", "1:0:+1M", "-n", "2:0:0", "-t", "2:8300", loop);
        }
        finally
        {
            ExternalTool.Check("losetup", "-d", loop);
        }

        var disk = image.Load();
        var volumes = GuestVolumes.Discover([disk]);

        // The last of the disk's 4096-byte sectors that a partition may use comes before the backup's four of entries and one of header.
        Assert.Equal(
            [(1, 1L << 20, 1L << 20), (2, 2L << 20, Size - (2L << 20) - (5 * 4096))],
            volumes.Select(v => (v.PartitionNumber!.Value, v.StartOffset, v.Device.Length)));
        disk.Bytes.AsSpan(4096, 4096).Clear();
        Assert.Equal(DiskImage.Describe(volumes), DiskImage.Describe(GuestVolumes.Discover([disk])));
    }

    [Theory]
    [InlineData(512)]            // signature
    [InlineData(512 + 20)]       // a reserved byte, which the checksum covers
    [InlineData(512 + 24)]       // the header's own place
    [InlineData(512 + 80)]       // number of entries
    [InlineData(1024)]           // the first entry
    [InlineData(1024 + 127 * 128)]
    public void A_damaged_primary_table_is_replaced_by_the_backup(int offset)
    {
        var disk = TypicalDisk();
        var expected = DiskImage.Describe(GuestVolumes.Discover([disk]));
        disk.Bytes[offset] ^= 0x40;

        Assert.Equal(expected, DiskImage.Describe(GuestVolumes.Discover([disk])));
    }

    [Fact]
    public void Both_tables_are_described_when_both_are_damaged()
    {
        var disk = TypicalDisk();
        disk.Bytes[1024] ^= 1;
        disk.Bytes[Size - 512 + 40] ^= 1;

        var e = Assert.Throws<VolumeException>(() => GuestVolumes.Discover([disk]));

        Assert.Equal(V2VError.PartitionTableCorrupt, e.Error);
        Assert.Equal("GPT", e.Format);
        Assert.Contains("primary at sector 1 of 512 bytes: checksum of its entries", e.Message, StringComparison.Ordinal);
        Assert.Contains($"backup at sector {(Size / 512) - 1} of 512 bytes: checksum", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_protective_mbr_without_any_gpt_is_refused()
    {
        var disk = TypicalDisk();
        disk.Bytes.AsSpan(512).Clear();

        var e = Assert.Throws<VolumeException>(() => GuestVolumes.Discover([disk]));

        Assert.Contains("no signature", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gpt_without_protective_mbr_is_not_used_as_in_linux()
    {
        var disk = TypicalDisk();
        disk.Bytes.AsSpan(0, 512).Clear();

        Assert.Equal(VolumeKind.WholeDisk, Assert.Single(GuestVolumes.Discover([disk])).Kind);
    }

    [Theory]
    [InlineData(32, 0UL)]
    [InlineData(32, ulong.MaxValue)]
    [InlineData(32, 5000UL)] // behind its own end
    [InlineData(40, 65536UL)]
    [InlineData(40, 1UL << 55)]
    [InlineData(40, ulong.MaxValue)]
    public void A_partition_outside_the_disk_is_refused(int field, ulong value)
    {
        var disk = TypicalDisk();
        BinaryPrimitives.WriteUInt64LittleEndian(disk.Bytes.AsSpan(1024 + field), value);
        BinaryPrimitives.WriteUInt32LittleEndian(disk.Bytes.AsSpan(512 + 88), Crc32.Append(0, disk.Bytes.AsSpan(1024, 128 * 128)));
        DiskImage.SealHeader(disk.Bytes, 512);

        var e = Assert.Throws<VolumeException>(() => GuestVolumes.Discover([disk]));

        Assert.Contains("partition 1 ", e.Message, StringComparison.Ordinal);
        Assert.Equal(1024, e.Offset);
    }

    [Theory]
    [InlineData(8, 0x00020000u, "revision 2.0")]
    [InlineData(24, 2u, "belongs at sector 2")]
    [InlineData(72, 0u, "entries at sector 0")]
    [InlineData(72, 0x7FFFFFFFu, "entries at sector 2147483647")]
    [InlineData(76, 0xFFFFFFFFu, "do not lie on the disk")]
    [InlineData(80, 0u, "0 entries")]
    [InlineData(80, 0xFFFFFFFFu, "4294967295 entries")]
    [InlineData(84, 0u, "entries of 0 bytes")]
    [InlineData(84, 0x80000000u, "entries of 2147483648 bytes")]
    [InlineData(84, 132u, "entries of 132 bytes")]
    public void Headers_with_the_right_checksum_and_impossible_values_are_described(int field, uint value, string reason)
    {
        var disk = TypicalDisk();
        BinaryPrimitives.WriteUInt32LittleEndian(disk.Bytes.AsSpan(512 + field), value);
        DiskImage.SealHeader(disk.Bytes, 512);
        disk.Bytes.AsSpan(Size - 512).Clear();

        var e = Assert.Throws<VolumeException>(() => GuestVolumes.Discover([disk]));

        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(91u)]
    [InlineData(513u)]
    [InlineData(uint.MaxValue)]
    public void Headers_of_impossible_length_are_not_read(uint length)
    {
        var disk = TypicalDisk();
        BinaryPrimitives.WriteUInt32LittleEndian(disk.Bytes.AsSpan(512 + 12), length);

        Assert.Equal(4, GuestVolumes.Discover([disk]).Count); // from the backup
    }

    [Fact]
    public void A_table_whose_disk_has_grown_is_read()
    {
        Assert.Equal(4, GuestVolumes.Discover([new ArrayDevice([.. TypicalBytes.Value, .. new byte[1 << 20]])]).Count);
    }
}
