using V2V.Engine.FileSystems.Ntfs.Compression;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs.Compression;

/// <summary>Blocks that no compressor at hand writes. What wimlib writes is in <see cref="WofFileTests"/>.</summary>
public sealed class LzxTests
{
    [Theory]
    [InlineData(1000)]
    [InlineData(1001)]
    public void Uncompressed_blocks_begin_at_a_word(int firstLength)
    {
        // Two blocks: three bits of type 3, a zero bit, sixteen bits of size, and padding to a word. Then three displacements and the bytes.
        var random = new Random(1);
        var content = new byte[3000];
        random.NextBytes(content);
        content.AsSpan().Replace((byte)0xE8, (byte)0);
        byte[] stored =
        [
            .. Header(firstLength), .. content[..firstLength], .. firstLength % 2 == 0 ? Array.Empty<byte>() : [0],
            .. Header(content.Length - firstLength), .. content[firstLength..],
        ];
        var target = new byte[content.Length];
        Assert.True(Lzx.TryDecompress(stored, target));
        Assert.Equal(content, target);
        Assert.False(Lzx.TryDecompress(stored.AsSpan(0, stored.Length - 10), target));
        Assert.False(Lzx.TryDecompress(stored, new byte[Lzx.ChunkSize]));
    }

    [Fact]
    public void A_block_that_has_just_filled_its_word_is_padded_by_a_whole_one()
    {
        // A default size is one bit: four bits and twelve of padding. Twelve zero bits before it make the header end with its word:
        // there is no such block before, so that the first variant alone shows it.
        var content = new byte[Lzx.ChunkSize];
        content.AsSpan().Fill(7);
        byte[] stored = [0, 0b0111_0000, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, .. content];
        var target = new byte[content.Length];
        Assert.True(Lzx.TryDecompress(stored, target));
        Assert.Equal(content, target);
    }

    private static byte[] Header(int length)
    {
        var bits = (3u << 29) | ((uint)length << 12);
        return [(byte)(bits >> 16), (byte)(bits >> 24), (byte)bits, (byte)(bits >> 8), 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];
    }
}
