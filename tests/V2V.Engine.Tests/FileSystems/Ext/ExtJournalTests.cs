using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.FileSystems.Ext;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ext;

/// <summary>Journals written by debugfs and by the kernel; e2fsprogs replays a copy, and every byte of the two has to be the same.</summary>
public sealed partial class ExtJournalTests
{
    private const int SuperblockOffset = 1024;
    private const int SuperblockLength = 1024;

    public static TheoryData<string, string, int> DebugFsJournals()
    {
        var data = new TheoryData<string, string, int>();
        foreach (var (features, checksums) in new[]
        {
            ("^64bit,metadata_csum", ""), ("64bit,metadata_csum", ""), ("^64bit,^metadata_csum,^extents", ""), ("64bit,^metadata_csum", ""),
            ("64bit,^metadata_csum", "-c"), ("^64bit,^metadata_csum", "-c"), // version 1
            ("64bit,metadata_csum", "-c -v 2"), ("^64bit,metadata_csum", "-c -v 2"),
            ("64bit,metadata_csum", "-c -v 3"), ("^64bit,metadata_csum", "-c -v 3"),
        })
        {
            data.Add(features, checksums, 1024);
            data.Add(features, checksums, 4096);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(DebugFsJournals))]
    public void Journals_written_by_debugfs_are_replayed_as_e2fsprogs_does(string features, string checksums, int blockSize)
    {
        using var image = new ExtTestImage("16M", "-t", "ext4", "-b", $"{blockSize}", "-O", features, "-J", $"size={blockSize / 1024}");
        var content = new byte[510 * blockSize];
        new Random(7).NextBytes(content);
        BinaryPrimitives.WriteUInt32BigEndian(content, ExtJournalBlockHeader.Magic); // the first block has to be escaped
        var data = image.WriteFile("data", content);
        var other = image.WriteFile("other", content.AsSpan(5 * blockSize));
        var first = image.BlocksOf("<8>").Max() + 200;

        // So many that several descriptor blocks are needed; debugfs miscounts the blocks of some other numbers.
        var many = string.Join(',', Enumerable.Range(0, blockSize == 1024 ? 180 : 500).Select(i => first + i));
        List<string> commands = [$"jo {checksums}", $"jw -b {many} {data}", $"jw -b {first + 1},{first + 2} {other}"];
        if (checksums != "-c")
        {
            // The kernel leaves revoke blocks out of the checksums of version 1, debugfs does not.
            commands.Add($"jw -r {first + 1},{first + 3},{first + 5}");
        }

        image.DebugFs([.. commands, $"jw -b {first + 5},{first + 6} {other}", $"jw -c -b {first + 7},{first + 8} {other}", "jc"]);

        var replayed = AssertReplayEqualsE2fsprogs(image, blockSize);

        Span<byte> Block(long number) => replayed.AsSpan((int)number * blockSize, blockSize);
        Span<byte> Written(int number) => content.AsSpan(number * blockSize, blockSize);
        Assert.True(Written(0).SequenceEqual(Block(first)));
        Assert.True(Written(4).SequenceEqual(Block(first + 4)));
        Assert.True(Written(5).SequenceEqual(Block(first + 5)));
        Assert.Equal(checksums == "-c", Written(3).SequenceEqual(Block(first + 3)));
        Assert.Equal(checksums == "-c", Written(5).SequenceEqual(Block(first + 1)));
        Assert.True(Written(7).SequenceEqual(Block(first + 7)));
    }

    [Theory]
    [InlineData("^metadata_csum,64bit", "loop", "journal_64bit")]
    [InlineData("^metadata_csum,^64bit", "loop,journal_checksum", "journal_checksum\n")]
    [InlineData("^metadata_csum,^64bit", "loop,data=writeback,journal_async_commit", "journal_async_commit")]
    [InlineData("metadata_csum,64bit", "loop", "journal_checksum_v3")]
    [InlineData("metadata_csum,^64bit", "loop,data=writeback,journal_async_commit", "journal_async_commit")]
    [InlineData("metadata_csum,64bit", "loop,data=journal", "(flags 0x3)")]
    [InlineData("^metadata_csum,^64bit,^extents", "loop,data=journal", "(flags 0x3)")]
    public void A_journal_that_the_kernel_left_is_replayed_as_e2fsprogs_does(string features, string options, string sign)
    {
        const int BlockSize = 1024;
        using var image = new ExtTestImage("16M", "-t", "ext4", "-b", $"{BlockSize}", "-O", features, "-J", "size=1");
        image.Mount(options);
        var crashed = CrashAfterWork(image, escape: options.Contains("data=journal", StringComparison.Ordinal));
        image.Unmount();
        File.WriteAllBytes(image.Path, crashed);
        var log = image.DebugFs("logdump -S", "logdump -a");
        if (!options.Contains("data=journal", StringComparison.Ordinal))
        {
            // Contents in the log take back the revocation of the block that they reuse.
            Assert.Contains("revoke table", log, StringComparison.Ordinal);
        }

        Assert.Contains(sign, log, StringComparison.Ordinal);

        var replayed = AssertReplayEqualsE2fsprogs(image, BlockSize);

        // After the replay e2fsck finds nothing to repair but the superblock's free counts, which the kernel writes only when it unmounts.
        File.WriteAllBytes(image.Path, replayed);
        image.DebugFs("feature -needs_recovery");
        var complaints = ExternalTool.Run("e2fsck", "-fn", image.Path).Output.Split('\n')
            .Where(l => l.Contains('?', StringComparison.Ordinal) || l.Contains("wrong", StringComparison.Ordinal))
            .Where(l => l != "Fix? no" && !l.StartsWith("Free blocks count wrong (", StringComparison.Ordinal)
                && !l.StartsWith("Free inodes count wrong (", StringComparison.Ordinal));
        Assert.Empty(complaints);
    }

    [Fact]
    public void A_log_that_goes_around_its_end_many_times_is_replayed()
    {
        const int BlockSize = 1024;
        using var image = new ExtTestImage("16M", "-t", "ext4", "-b", $"{BlockSize}", "-J", "size=1");
        image.Mount();
        byte[]? crashed = null;
        for (var round = 0; round < 400; round++)
        {
            var directory = Path.Combine(image.MountPoint, $"d{round % 40}");
            if (!Directory.Exists(directory))
            {
                Directory.CreateDirectory(directory);
            }

            File.WriteAllText(Path.Combine(directory, $"file-{round}"), "x");
            Sync(directory);
            if (round >= 40)
            {
                var candidate = File.ReadAllBytes(image.Path);
                if (IsWrapped(image, candidate))
                {
                    crashed = candidate;
                    break;
                }
            }
        }

        image.Unmount();
        Assert.NotNull(crashed);
        File.WriteAllBytes(image.Path, crashed);
        AssertReplayEqualsE2fsprogs(image, BlockSize);
    }

    [Fact]
    public void Sequences_that_pass_zero_are_replayed()
    {
        const int BlockSize = 1024;
        using var image = new ExtTestImage("16M", "-t", "ext4", "-b", $"{BlockSize}", "-O", "metadata_csum,64bit", "-J", "size=1");
        var bytes = File.ReadAllBytes(image.Path);
        var journal = (int)image.BlocksOf("<8>")[0] * BlockSize;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(journal + 0x18), 0xFFFFFFFA);
        File.WriteAllBytes(image.Path, bytes);
        image.Mount();
        byte[] crashed = [];
        for (var i = 0; i < 12; i++)
        {
            File.WriteAllText(Path.Combine(image.MountPoint, $"f{i}"), "x");
            Sync(image.MountPoint);
            crashed = File.ReadAllBytes(image.Path);
        }

        image.Unmount();
        File.WriteAllBytes(image.Path, crashed);
        var start = BinaryPrimitives.ReadUInt32BigEndian(crashed.AsSpan(journal + 0x18));
        Assert.True(start > 0xFFFFFFF0, $"the log starts with {start:x}");

        var replayed = AssertReplayEqualsE2fsprogs(image, BlockSize);
        Assert.InRange(BinaryPrimitives.ReadUInt32BigEndian(replayed.AsSpan(journal + 0x18)), 1u, 100u);
    }

    [Fact]
    public void Journals_with_a_superblock_of_version_1_are_replayed()
    {
        using var image = new ExtTestImage("8M", "-t", "ext3", "-b", "1024", "-O", "^64bit", "-J", "size=1");
        var data = image.WriteFile("data", new byte[3 * 1024]);
        image.DebugFs("jo", $"jw -b 4000,4001,4002 {data}", "jc");
        var bytes = File.ReadAllBytes(image.Path);
        var journal = (int)image.BlocksOf("<8>")[0] * 1024;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(journal + 4), 3);
        bytes.AsSpan(journal + 0x24, 1024 - 0x24).Clear();
        bytes.AsSpan(4000 * 1024, 3 * 1024).Fill(0xEE);
        File.WriteAllBytes(image.Path, bytes);

        AssertReplayEqualsE2fsprogs(image, 1024);
    }

    [Fact]
    public void Fast_commits_are_refused_by_name()
    {
        using var image = new ExtTestImage("64M", "-t", "ext4", "-b", "1024", "-O", "fast_commit", "-J", "size=4");
        image.Mount();
        Directory.CreateDirectory(Path.Combine(image.MountPoint, "d"));
        Sync(image.MountPoint);
        for (var i = 0; i < 5; i++)
        {
            ExternalTool.Check("dd", "if=/dev/zero", "bs=512", "count=1", "conv=fsync", $"of={image.MountPoint}/d/f{i}");
        }

        var crashed = File.ReadAllBytes(image.Path);
        image.Unmount();
        File.WriteAllBytes(image.Path, crashed);
        Assert.Contains("Fast Commit Area", image.DebugFs("logdump -S"), StringComparison.OrdinalIgnoreCase);

        var device = new ArrayDevice(crashed);
        var e = Assert.Throws<GuestFileSystemException>(() => Replay(image, device, 1024));

        Assert.Equal(V2VError.FileSystemNotClean, e.Error);
        Assert.Contains("fast commits", e.Message, StringComparison.Ordinal);
        Assert.Contains("Boot the guest once", e.Advice, StringComparison.Ordinal);
        Assert.Equal(0, device.Writes);
    }

    [Fact]
    public void A_journal_that_allows_fast_commits_but_has_none_is_replayed()
    {
        using var image = new ExtTestImage("64M", "-t", "ext4", "-b", "1024", "-O", "fast_commit", "-J", "size=4");
        image.Mount();
        Directory.CreateDirectory(Path.Combine(image.MountPoint, "d"));
        File.WriteAllText(Path.Combine(image.MountPoint, "d", "f"), "x");
        Sync(image.MountPoint);
        var crashed = File.ReadAllBytes(image.Path);
        image.Unmount();
        File.WriteAllBytes(image.Path, crashed);

        AssertReplayEqualsE2fsprogs(image, 1024, () => ExternalTool.Run("e2fsck", "-fy", image.Path).Output); // debugfs cannot
    }

    [Fact]
    public void An_empty_journal_is_left_alone()
    {
        using var image = new ExtTestImage("8M", "-t", "ext4", "-b", "1024");
        var device = new ArrayDevice(File.ReadAllBytes(image.Path));

        Assert.False(Replay(image, device, 1024));
        Assert.Equal(0, device.Writes);
    }

    [Theory]
    [InlineData("features", 0x28, 0x40, V2VError.FileSystemUnsupported, "0x40")]
    [InlineData("read-only features", 0x2C, 1, V2VError.FileSystemUnsupported, "read-only compatible features 0x1")]
    [InlineData("magic", 0, 1, V2VError.FileSystemCorrupt, "journal superblock")]
    [InlineData("type", 4, 7, V2VError.FileSystemCorrupt, "journal superblock")]
    [InlineData("block size", 0x0C, 2048, V2VError.FileSystemCorrupt, "2048")]
    [InlineData("length", 0x10, 5000, V2VError.FileSystemCorrupt, "5000")]
    [InlineData("length", 0x10, 0, V2VError.FileSystemCorrupt, "log begins")]
    [InlineData("first", 0x14, 0, V2VError.FileSystemCorrupt, "log begins")]
    [InlineData("first", 0x14, 1024, V2VError.FileSystemCorrupt, "log begins")]
    [InlineData("start", 0x1C, 1024, V2VError.FileSystemCorrupt, "log begins")]
    [InlineData("error", 0x20, -5, V2VError.FileSystemNotClean, "error 5")]
    [InlineData("users", 0x40, 2, V2VError.FileSystemUnsupported, "several users")]
    public void Superblocks_that_cannot_be_trusted_are_refused(string what, int field, int value, V2VError error, string message)
    {
        using var image = new ExtTestImage("8M", "-t", "ext4", "-b", "1024", "-O", "^metadata_csum");
        image.DebugFs("jo", $"jw -b 7000 {image.WriteFile("data", new byte[1024])}", "jc");
        var device = new ArrayDevice(File.ReadAllBytes(image.Path));
        BinaryPrimitives.WriteInt32BigEndian(device.Bytes.AsSpan((int)image.BlocksOf("<8>")[0] * 1024 + field), value);

        var e = Assert.Throws<GuestFileSystemException>(() => Replay(image, device, 1024));

        Assert.True(error == e.Error, what);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Equal(0, device.Writes);
    }

    [Theory]
    [InlineData("-c -v 2")]
    [InlineData("-c -v 3")]
    public void Any_damage_in_a_log_with_checksums_is_noticed_before_anything_is_written(string checksums)
    {
        using var image = new ExtTestImage("8M", "-t", "ext4", "-b", "1024", "-O", "metadata_csum");
        var content = new byte[4 * 1024];
        new Random(3).NextBytes(content);
        image.DebugFs($"jo {checksums}", $"jw -b 7000,7001,7002 {image.WriteFile("data", content)}", "jw -r 7002", "jw -r 7001", "jc");
        var bytes = File.ReadAllBytes(image.Path);
        var journal = image.BlocksOf("<8>");

        // Superblock, descriptor, three copies (of which two are revoked), commit, revoke, commit.
        foreach (var (block, isNoticed) in new[] { (0, true), (1, true), (2, true), (3, false), (4, false), (5, true), (6, true), (7, true), (8, true), (9, true) })
        {
            var device = new ArrayDevice((byte[])bytes.Clone());
            device.Bytes[journal[block] * 1024 + 0x80] ^= 0x10;
            if (!isNoticed)
            {
                Assert.True(Replay(image, device, 1024));
                continue;
            }

            var e = Record.Exception(() => Replay(image, device, 1024));
            Assert.True(e is GuestFileSystemException { Error: V2VError.FileSystemCorrupt }, $"block {block}: {e?.Message}");
            Assert.Equal(0, device.Writes);
        }
    }

    [Fact]
    public void Random_damage_ends_in_a_replay_or_in_the_librarys_exception()
    {
        using var image = new ExtTestImage("8M", "-t", "ext4", "-b", "1024", "-O", "^metadata_csum");
        var content = new byte[300 * 1024];
        new Random(3).NextBytes(content);
        var data = image.WriteFile("data", content);
        image.DebugFs("jo", $"jw -b {string.Join(',', Enumerable.Range(7000, 280))} {data}", "jw -r 7002", $"jw -b 7001 {data}", "jc");
        var bytes = File.ReadAllBytes(image.Path);
        var blocks = image.BlocksOf("<8>");
        var uuid = bytes.AsSpan(SuperblockOffset + 0x68, 16).ToArray();
        var random = new Random(11);
        var refused = 0;
        for (var i = 0; i < 3000; i++)
        {
            var device = new ArrayDevice((byte[])bytes.Clone());
            for (var flips = random.Next(1, 6); flips > 0; flips--)
            {
                // Headers, tags and counts stand at the front of the superblock and of every descriptor and revoke block.
                var block = random.Next(3) == 0 ? 0 : random.Next(1, 300);
                device.Bytes[blocks[block] * 1024 + random.Next(block == 0 ? 0x60 : 40)] = (byte)random.Next(256);
            }

            try
            {
                ExtJournal.Replay(device, n => blocks[n] * 1024, (uint)blocks.Length, 1024, uuid);
            }
            catch (V2VException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 100, 2900);
    }

    [Fact]
    public void A_log_of_nothing_but_descriptors_of_one_transaction_ends()
    {
        using var image = new ExtTestImage("8M", "-t", "ext4", "-b", "1024", "-O", "^metadata_csum,^64bit");
        image.DebugFs("jo", $"jw -b 7000 {image.WriteFile("data", new byte[1024])}", "jc");
        var device = new ArrayDevice(File.ReadAllBytes(image.Path));
        var blocks = image.BlocksOf("<8>");
        var descriptor = device.Bytes.AsSpan((int)blocks[1] * 1024, 1024).ToArray();
        foreach (var block in blocks.Skip(1))
        {
            descriptor.CopyTo(device.Bytes, block * 1024);
        }

        Assert.False(Replay(image, device, 1024));
    }

    /// <summary>Work that leaves descriptors, revoked blocks and several transactions in the log; returns the image as a crash would leave it.</summary>
    private static byte[] CrashAfterWork(ExtTestImage image, bool escape)
    {
        var root = image.MountPoint;
        for (var d = 0; d < 4; d++)
        {
            var directory = Directory.CreateDirectory(Path.Combine(root, $"directory-{d}")).FullName;
            for (var f = 0; f < 60; f++)
            {
                File.WriteAllText(Path.Combine(directory, $"a-rather-long-file-name-{f}"), new string('x', f * 7));
            }

            Sync(root);
        }

        if (escape)
        {
            var magic = new byte[8 * 1024];
            for (var i = 0; i < magic.Length; i += 1024)
            {
                BinaryPrimitives.WriteUInt32BigEndian(magic.AsSpan(i), ExtJournalBlockHeader.Magic);
            }

            File.WriteAllBytes(Path.Combine(root, "looks-like-a-journal"), magic);
            Sync(root);
        }

        // The blocks of a removed directory are revoked, and reused for contents.
        Directory.Delete(Path.Combine(root, "directory-1"), recursive: true);
        Sync(root);
        File.WriteAllBytes(Path.Combine(root, "reuser"), new byte[200_000]);
        Sync(root);
        File.WriteAllText(Path.Combine(root, "not-synced"), "may be lost");
        return File.ReadAllBytes(image.Path);
    }

    private static void Sync(string path) => ExternalTool.Check("sync", "-f", path);

    private static bool IsWrapped(ExtTestImage image, byte[] bytes)
    {
        var copy = image.WriteFile("candidate", bytes);
        var dump = ExternalTool.Run("debugfs", "-R", "logdump", copy).Output;
        // "Found sequence 12 (not 40) at block 7: end of journal." is what stands behind the log, if anything does.
        var blocks = FoundAtBlock().Matches(dump).Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture)).ToList();
        return blocks.Zip(blocks.Skip(1)).Any(p => p.Second < p.First);
    }

    private static bool Replay(ExtTestImage image, ArrayDevice device, int blockSize)
    {
        var blocks = image.BlocksOf("<8>");
        return ExtJournal.Replay(
            device, n => blocks[n] * blockSize, (uint)blocks.Length, blockSize, device.Bytes.AsSpan(SuperblockOffset + 0x68, 16));
    }

    /// <summary>Replays the image's journal here and with debugfs, compares all but the superblock, and returns the image replayed here.</summary>
    private static byte[] AssertReplayEqualsE2fsprogs(ExtTestImage image, int blockSize, Func<string>? judge = null)
    {
        var before = File.ReadAllBytes(image.Path);
        var device = new ArrayDevice((byte[])before.Clone());
        Assert.True(Replay(image, device, blockSize));

        var log = judge is null ? image.DebugFs("jr") : judge();
        var expected = File.ReadAllBytes(image.Path);
        for (var at = 0; at < expected.Length; at += 1024)
        {
            if (at != SuperblockOffset && !expected.AsSpan(at, 1024).SequenceEqual(device.Bytes.AsSpan(at, 1024)))
            {
                var where = expected.AsSpan(at, 1024).CommonPrefixLength(device.Bytes.AsSpan(at, 1024));
                Assert.Fail($"The replays differ in block {at / blockSize} at byte {(at % blockSize) + where}: {log}");
            }
        }

        Assert.NotEqual(before, expected);
        return device.Bytes;
    }

    [GeneratedRegex(@"^Found.* at block ([0-9]+)$", RegexOptions.Multiline)]
    private static partial Regex FoundAtBlock();
}
