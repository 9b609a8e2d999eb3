using System.Buffers.Binary;
using V2V.Engine.FileSystems.Ntfs.Compression;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs.Compression;

public sealed class WofFileTests
{
    [Theory]
    [InlineData((int)WofAlgorithm.Xpress4K, "XPRESS", 4096)]
    [InlineData((int)WofAlgorithm.Xpress8K, "XPRESS", 8192)]
    [InlineData((int)WofAlgorithm.Xpress16K, "XPRESS", 16384)]
    [InlineData((int)WofAlgorithm.Lzx, "LZX", 32768)]
    public void Content_compressed_by_wimlib_is_read_at_any_place(int algorithm, string type, int chunkSize)
    {
        var content = Content(chunkSize);
        var stored = WimResource.Compress(content, type, chunkSize);
        var file = Open((WofAlgorithm)algorithm, content.Length, stored);
        var whole = new byte[content.Length];
        Assert.Equal(whole.Length, file.ReadAt(0, whole));
        Assert.True(whole.AsSpan().SequenceEqual(content), "The content differs.");

        var random = new Random(1);
        for (var i = 0; i < 200; i++)
        {
            var offset = random.Next(content.Length);
            var buffer = new byte[random.Next(1, 3 * chunkSize)];
            var count = file.ReadAt(offset, buffer);
            Assert.Equal(Math.Min(buffer.Length, content.Length - offset), count);
            Assert.True(buffer.AsSpan(0, count).SequenceEqual(content.AsSpan(offset, count)));
        }

        Assert.Equal(0, file.ReadAt(content.Length, whole));
    }

    [Theory]
    [InlineData((int)WofAlgorithm.Xpress4K, "XPRESS", 4096)]
    [InlineData((int)WofAlgorithm.Lzx, "LZX", 32768)]
    public void Damage_ends_in_an_error_or_other_bytes(int algorithm, string type, int chunkSize)
    {
        var content = Content(chunkSize)[..(8 * chunkSize)];
        var stored = WimResource.Compress(content, type, chunkSize);
        var random = new Random(2);
        var errors = 0;
        var buffer = new byte[content.Length];
        for (var i = 0; i < 1500; i++)
        {
            var damaged = (byte[])stored.Clone();
            for (var change = random.Next(1, 10); change > 0; change--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            if (random.Next(4) == 0)
            {
                damaged = damaged[..random.Next(damaged.Length)];
            }

            try
            {
                Open((WofAlgorithm)algorithm, content.Length, damaged).ReadAt(0, buffer);
            }
            catch (GuestFileSystemException e)
            {
                Assert.Equal(("ntfs", "/file"), (e.Format, e.Path));
                errors++;
            }
        }

        Assert.InRange(errors, 300, 1500);
    }

    [Fact]
    public void Large_files_have_a_table_of_large_entries()
    {
        // A file of 4 GiB and two chunks of which only the last two are there: the table alone is beyond 1 MiB.
        const int ChunkSize = 32768;
        const long Length = (1L << 32) + (2 * ChunkSize);
        const long Count = Length / ChunkSize;
        const long TableLength = (Count - 1) * sizeof(ulong);
        var content = new byte[ChunkSize];
        new Random(3).NextBytes(content);
        void Read(long offset, Span<byte> buffer)
        {
            if (offset < TableLength)
            {
                Assert.Equal(0, offset % sizeof(ulong));
                BinaryPrimitives.WriteInt64LittleEndian(buffer, ((offset / sizeof(ulong)) + 1) * ChunkSize);
                return;
            }

            Assert.Equal(TableLength + ((Count - 1) * ChunkSize), offset);
            content.CopyTo(buffer);
        }

        var file = new WofFile(WofAlgorithm.Lzx, Length, TableLength + Length, Read, "/file");
        var buffer = new byte[100];
        Assert.Equal(50, file.ReadAt(Length - 50, buffer));
        Assert.Equal(content[^50..], buffer[..50]);
    }

    [Fact]
    public void Reparse_points_tell_the_algorithm()
    {
        Assert.Equal(WofAlgorithm.Lzx, WofReparsePoint.TryParse(Words(1, 2, 1, 1), out _));
        Assert.Null(WofReparsePoint.TryParse(Words(1, 1, 1, 0), out var problem));
        Assert.Contains("WIMBoot", problem, StringComparison.Ordinal);
        Assert.Null(WofReparsePoint.TryParse(Words(1, 2, 1, 4), out problem));
        Assert.Contains("unknown algorithm", problem, StringComparison.Ordinal);
        Assert.Null(WofReparsePoint.TryParse(Words(1, 2, 1), out _));
    }

    private static byte[] Words(params uint[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    private static WofFile Open(WofAlgorithm algorithm, long length, byte[] stored) =>
        new(algorithm, length, stored.Length, (offset, buffer) => stored.AsSpan((int)offset, buffer.Length).CopyTo(buffer), "/file");

    /// <summary>Machine code, with calls that LZX translates; long runs; and a chunk that does not get smaller.</summary>
    private static byte[] Content(int chunkSize)
    {
        var folder = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var code = File.ReadAllBytes(Directory.GetFiles(folder, "*coreclr.so").Concat(Directory.GetFiles(folder, "*.dll")).First());
        var content = code[..Math.Min(code.Length, (1 << 20) + 12345)];
        content.AsSpan(3 * chunkSize, chunkSize + 1000).Clear();
        new Random(4).NextBytes(content.AsSpan(5 * chunkSize, chunkSize));
        for (var i = 6 * chunkSize; i < 8 * chunkSize; i++)
        {
            content[i] = (byte)(i / 300);
        }

        return content;
    }
}
