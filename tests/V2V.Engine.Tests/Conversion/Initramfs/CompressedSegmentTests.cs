using V2V.Engine.Conversion.Initramfs;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Initramfs;

public sealed class CompressedSegmentTests : IDisposable
{
    private readonly Workshop _workshop = new();

    public void Dispose() => _workshop.Dispose();

    public static TheoryData<string, int> Compressors()
    {
        var data = new TheoryData<string, int>();
        foreach (var command in new[]
        {
            "gzip -9n", "gzip -1", "bzip2", "xz --check=crc32", "xz --check=crc64 -0", "xz --check=crc32 --block-size=65536 -T2", "xz --check=sha256",
            "lzma", "zstd -q", "zstd -q -19 -T2", "zstd -q --long=27 -3", "lz4 -q -l", "lz4 -q -9 -l",
        })
        {
            foreach (var length in new[] { 1, 300_001 })
            {
                data.Add(command, length);
            }
        }

        // More than one block of lz4, one window of gzip.
        foreach (var command in new[] { "gzip -1", "zstd -q", "lz4 -q -l" })
        {
            data.Add(command, 9_000_000);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Compressors))]
    public void What_a_compressor_wrote_is_decoded_and_its_end_is_found(string command, int length)
    {
        var content = Content(length);
        var packed = _workshop.Compress(content, command);
        // Behind it stand zeros and, except after lz4, which cannot tell, bytes that are none of its business.
        byte[] behind = command.StartsWith("lz4", StringComparison.Ordinal) ? new byte[12] : [0, 0, 0, 0x1F, 0x8B, 0x07, 0xFF, .. new byte[20_000]];
        byte[] image = [0xAA, .. packed, .. behind];

        var decoded = new MemoryStream();
        var compression = InitramfsMagic.RecogniseCompression(packed)!.Value;
        var used = CompressedSegment.Decode(compression, new ArraySegment<byte>(image)[1..], piece => decoded.Write(piece));

        Assert.Equal(packed.Length, used);
        Assert.True(content.AsSpan().SequenceEqual(decoded.ToArray()));
    }

    [Theory]
    [InlineData("gzip -9n")]
    [InlineData("bzip2")]
    [InlineData("xz --check=crc32")]
    [InlineData("lzma")]
    [InlineData("zstd -q")]
    [InlineData("lz4 -q -l")]
    public void Damaged_data_ends_in_an_error_of_ours_or_in_other_content(string command)
    {
        var content = Content(60_000);
        var packed = _workshop.Compress(content, command);
        var compression = InitramfsMagic.RecogniseCompression(packed)!.Value;
        var random = new Random(2024);
        var errors = 0;
        for (var i = 0; i < 300; i++)
        {
            var damaged = packed.ToArray();
            if (i % 3 == 0)
            {
                damaged = damaged[..random.Next(1, damaged.Length)];
            }
            else
            {
                // Headers decide about memory and loops, so every second one is hit there.
                damaged[random.Next(2, i % 2 == 0 ? 40 : damaged.Length)] = (byte)random.Next(256);
            }

            var expanded = 0L;
            try
            {
                CompressedSegment.Decode(compression, damaged, piece =>
                {
                    expanded += piece.Length;
                    if (expanded > 64 << 20)
                    {
                        throw InitramfsErrors.Malformed("too much");
                    }
                });
            }
            catch (V2VException)
            {
                errors++;
            }
        }

        Assert.True(errors > 50, $"only {errors} of 300 damaged streams were noticed");
    }

    [Fact]
    public void Lzo_is_refused_by_name()
    {
        var packed = _workshop.Compress(Content(1000), "lzop");
        var error = Assert.Throws<ConversionException>(() => Workshop.Read(packed));
        Assert.Equal(V2VError.GuestUnsupported, error.Error);
        Assert.Contains("lzo", error.Message);
        Assert.NotNull(error.Advice);
    }

    [Fact]
    public void Xz_with_a_branch_filter_is_refused_by_name()
    {
        var packed = _workshop.Compress(Content(1000), "xz --check=crc32 --x86 --lzma2");
        var error = Assert.Throws<ConversionException>(() => Workshop.Read(packed));
        Assert.Contains("x86", error.Message);
    }

    /// <summary>Half noise, half repetition, so that compressors use both of their ways.</summary>
    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(7).NextBytes(content);
        for (var i = 0; i + 64 <= length; i += 64)
        {
            content.AsSpan(i + 8, 56).Fill((byte)(i >> 6));
        }

        return content;
    }
}
