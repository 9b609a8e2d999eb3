using V2V.Engine.Disks;
using V2V.Engine.FileSystems;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Faults;

/// <summary>Sectors of the source that cannot be read: the place is told, and by leave they are zeros in the copy, and only they.</summary>
public sealed class ReadErrorTests : IDisposable
{
    private const int Sector = 512;

    private readonly FaultGuest _guest = new();

    public void Dispose() => _guest.Dispose();

    [Fact]
    public void The_first_sector_that_cannot_be_read_is_told_and_nothing_is_left()
    {
        // In the middle of what the copy reads at once.
        const long Bad = (5 << 20) + (7 * Sector);
        var error = _guest.Fail(FaultyDisk.In(_guest.Guest, d => new FaultyDisk(d) { Bad = [new ByteRange(Bad, 3 * Sector)] }));
        Assert.Equal((V2VError.DiskImageReadFailed, Bad), (error.Error, error.Offset));
        Assert.Contains($"Byte {Bad} of disk 2 ('{_guest.DataPath}')", error.Message, StringComparison.Ordinal);
        Assert.Contains("Input/output error", error.Message, StringComparison.Ordinal);
        Assert.Contains("-IgnoreReadErrors", error.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void The_place_is_told_as_the_guest_knows_it()
    {
        // A byte of the sample's root partition, which begins at 1 MiB, that no inspection reads: the end of its largest file.
        const long Bad = 60 << 20;
        var guest = Assert.Single(GuestSources.Open(GuestConversionTests.Sample, TestContext.Current.CancellationToken));
        var copied = new CopySource(
            new FaultyDisk(new MemoryDisk(new byte[64 << 20])) { Bad = [new ByteRange(Bad, Sector)] }, guest.Disks[0], 1, o => $"byte {o - (1 << 20)} of disk 1, partition 2", ignoresErrors: false);
        var error = Assert.Throws<DiskImageException>(() => copied.Read(Bad - 4096, new byte[1 << 20]));
        Assert.Contains($"Byte {Bad} of disk 1", error.Message, StringComparison.Ordinal);
        Assert.Contains($"(byte {Bad - (1 << 20)} of disk 1, partition 2)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_of_the_system_disk_tells_its_partition()
    {
        // Every sector of the partitions fails once the copy has begun.
        var isCopying = false;
        var system = _guest.Guest with { Disks = [_guest.Guest.Disks[0]] };
        var broken = system with
        {
            Disks = [system.Disks[0] with { Open = () => new Switched(system.Disks[0].Open(), () => isCopying) }],
        };
        var error = _guest.Fail(broken, progress: Listener.At("Copy", () => isCopying = true));
        Assert.Matches(@"^Byte \d+ of disk 1 \('.*'\) \(byte \d+ of disk 1, partition 1\) cannot be read: worn out", error.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [Shows("ReadErrorsIgnored")]
    public void By_leave_exactly_the_bad_sectors_are_zeros(int seed)
    {
        ExternalTool.Need("qemu-img");
        var random = new Random(seed);
        // The first and last megabyte may hold a partition table.
        var sectors = Enumerable.Range(0, 40).Select(_ => random.Next(2048, (FaultGuest.DataLength / Sector) - 2048)).Append(2048).Distinct().Order();
        var bad = sectors.Select(s => new ByteRange((long)s * Sector, Sector)).ToList();
        if (seed == 3)
        {
            // A scratch that goes across what is read at once.
            bad = [new ByteRange((9 << 20) - 4096, 8192)];
        }

        var result = _guest.Convert(
            FaultyDisk.In(_guest.Guest, d => new FaultyDisk(d) { Bad = bad }), new ConversionOptions { IgnoreReadErrors = true, VerifyDisks = true });

        var concern = Assert.Single(result.Assessment.Concerns, c => c.Id == "ReadErrorsIgnored");
        Assert.Equal(ConcernSeverity.Warning, concern.Severity);
        Assert.Contains($"{bad.Sum(b => b.Length)} bytes of disk 2", concern.Message, StringComparison.Ordinal);
        Assert.Contains($" at byte {bad[0].Offset} ", concern.Message, StringComparison.Ordinal);
        // Neighbours are told as one.
        var ranges = bad.Count(b => !bad.Exists(other => other.End == b.Offset));
        Assert.Equal(ranges > 16, concern.Message.Contains($"and {ranges - 16} more ranges", StringComparison.Ordinal));
        bad.ForEach(b => _guest.Data.AsSpan((int)b.Offset, (int)b.Length).Clear());
        File.WriteAllBytes(_guest["expected"], _guest.Data);
        QemuJudge.AssertImage(_guest.Written, _guest["expected"]);
    }

    [Fact]
    [Lacks("ReadErrorsIgnored", "ChecksumNotChecked")]
    public void A_disk_without_errors_is_not_warned_about()
    {
        var result = _guest.Convert(options: new ConversionOptions { IgnoreReadErrors = true });
        Assert.DoesNotContain(result.Assessment.Concerns, c => c.Id is "ReadErrorsIgnored" or "ChecksumNotChecked");
    }

    [Fact]
    [Shows("ChecksumNotChecked")]
    public void A_checksum_of_what_cannot_be_read_is_not_compared_when_that_is_ignored()
    {
        var digest = new SourceDigest("disk.img", () => throw new DiskImageException(V2VError.DiskImageReadFailed, "Byte 512 cannot be read.") { IsConfined = true });
        var guest = _guest.Guest with { Disks = [.. _guest.Guest.Disks.Select(d => d with { ExpectedDigest = digest })] };

        var concern = Assert.Single(_guest.Convert(guest, new ConversionOptions { IgnoreReadErrors = true }).Assessment.Concerns, c => c.Id == "ChecksumNotChecked");

        Assert.Equal(ConcernSeverity.Warning, concern.Severity);
        Assert.Contains("Byte 512 cannot be read.", concern.Message, StringComparison.Ordinal);
    }

    /// <summary>What the guest is made of is no matter of leave: a conversion that guesses would break it.</summary>
    [Fact]
    public void Inspection_and_conversion_need_every_byte()
    {
        var system = _guest.Guest with { Disks = [_guest.Guest.Disks[0]] };
        // The superblock and all inodes of the root file system.
        var broken = FaultyDisk.In(system, d => new FaultyDisk(d) { Bad = [new ByteRange((1 << 20) + 4096, 16 << 20)] });
        _guest.Fail(broken, new ConversionOptions { IgnoreReadErrors = true });
    }

    [Fact]
    public void A_disk_that_is_mostly_unreadable_is_given_up()
    {
        var bad = new ByteRange(4 << 20, CopySource.MaximumUnreadable + (1 << 20));
        var error = _guest.Fail(
            FaultyDisk.In(_guest.Guest, d => new FaultyDisk(d) { Bad = [bad] }), new ConversionOptions { IgnoreReadErrors = true });
        Assert.Contains("given up", error.Message, StringComparison.Ordinal);
        Assert.Contains("ddrescue", error.Advice, StringComparison.Ordinal);
    }

    /// <summary>A host that is gone has no bad sectors.</summary>
    [Fact]
    public void Errors_that_are_not_about_the_bytes_are_not_ignored()
    {
        var guest = FaultyDisk.In(_guest.Guest, d => new FaultyDisk(d) { Bad = [new ByteRange(9 << 20, Sector)], IsConfined = false });
        var error = _guest.Fail(guest, new ConversionOptions { IgnoreReadErrors = true });
        Assert.DoesNotContain("-IgnoreReadErrors", error.Advice, StringComparison.Ordinal);
    }

    /// <summary>A server that answers EIO for some sectors, behind the cache that reads from other hosts have.</summary>
    [Fact]
    public void The_bad_sectors_of_a_server_are_found_one_by_one()
    {
        ExternalTool.Need("nbdkit", "qemu-img");
        const long Bad = (20 << 20) + (33 * Sector);
        var port = ExternalServer.FreePort();
        using var server = ExternalServer.Start(
            () => ExternalServer.Answers(port), "nbdkit", "-f", "-r", "-i", "127.0.0.1", "-p", $"{port}", "eval",
            $"get_size=echo {FaultGuest.DataLength}",
            $"pread=if [ $4 -lt {Bad + (2 * Sector)} ] && [ $(($4 + $3)) -gt {Bad} ]; then echo 'EIO the disk is worn' >&2; exit 1; fi; "
                + $"dd if={_guest.DataPath} iflag=skip_bytes,count_bytes,fullblock skip=$4 count=$3 bs=1M status=none");
        var remote = Assert.Single(GuestSources.Open($"nbd://127.0.0.1:{port}/", TestContext.Current.CancellationToken));
        var guest = _guest.Guest with { Disks = [_guest.Guest.Disks[0], remote.Disks[0]] };

        var error = _guest.Fail(guest);
        Assert.Contains($"Byte {Bad} of disk 2", error.Message, StringComparison.Ordinal);
        Assert.Contains("EIO", error.Message, StringComparison.Ordinal);
        var result = _guest.Convert(guest, new ConversionOptions { IgnoreReadErrors = true, VerifyDisks = true });
        Assert.Contains($": {2 * Sector} at byte {Bad} ", Assert.Single(result.Assessment.Concerns, c => c.Id == "ReadErrorsIgnored").Message, StringComparison.Ordinal);
        _guest.Data.AsSpan((int)Bad, 2 * Sector).Clear();
        File.WriteAllBytes(_guest["expected"], _guest.Data);
        QemuJudge.AssertImage(_guest.Written, _guest["expected"]);
    }

    private sealed class Switched(BlockDevice disk, Func<bool> isBroken) : BlockDevice
    {
        public override long Length => disk.Length;

        public override void Read(long offset, Span<byte> buffer)
        {
            if (isBroken() && offset >= 1 << 20)
            {
                throw new DiskImageException(V2VError.DiskImageReadFailed, "worn out") { IsConfined = true };
            }

            disk.Read(offset, buffer);
        }

        public override IEnumerable<DiskExtent> Extents(long offset, long length) => disk.Extents(offset, length);

        protected override void Dispose(bool disposing)
        {
            disk.Dispose();
            base.Dispose(disposing);
        }
    }
}
