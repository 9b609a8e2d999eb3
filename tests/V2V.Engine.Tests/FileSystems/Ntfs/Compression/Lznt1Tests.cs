using System.Text;
using V2V.Engine.FileSystems.Ntfs.Compression;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs.Compression;

public sealed class Lznt1Tests
{
    /// <summary>The example of [MS-XCA] 3.3.</summary>
    [Fact]
    public void The_example_of_the_specification_is_decompressed()
    {
        byte[] stored =
        [
            0x38, 0xB0, 0x88, 0x46, 0x23, 0x20, 0x00, 0x20, 0x47, 0x20, 0x41, 0x00, 0x10, 0xA2, 0x47, 0x01, 0xA0, 0x45, 0x20, 0x44,
            0x00, 0x08, 0x45, 0x01, 0x50, 0x79, 0x00, 0xC0, 0x45, 0x20, 0x05, 0x24, 0x13, 0x88, 0x05, 0xB4, 0x02, 0x4A, 0x44, 0xEF,
            0x03, 0x58, 0x02, 0x8C, 0x09, 0x16, 0x01, 0x48, 0x45, 0x00, 0xBE, 0x00, 0x9E, 0x00, 0x04, 0x01, 0x18, 0x90, 0x00,
        ];
        const string Content = "F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D "
            + "E E F# D E F# G F# D E F# G F# E D E A F# F# G A A G F# E D D E F# E D D\0";
        var target = new byte[4096];
        target.AsSpan().Fill(1);
        Assert.True(Lznt1.TryDecompress(stored, target));
        Assert.Equal(Content, Encoding.ASCII.GetString(target, 0, Content.Length));
        Assert.False(target.AsSpan(Content.Length).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Chunks_may_be_stored_as_they_are_and_the_rest_is_zeros()
    {
        byte[] stored = [0xFF, 0x3F, .. Enumerable.Repeat((byte)5, 4096), 0x02, 0xB0, 0x00, 0x41, 0x42, 0, 0, 9, 9];
        var target = new byte[16384];
        target.AsSpan().Fill(1);
        Assert.True(Lznt1.TryDecompress(stored, target));
        Assert.Equal([.. Enumerable.Repeat((byte)5, 4096), 0x41, 0x42, .. new byte[12286]], target);
    }

    [Theory]
    [InlineData("05B00041")] // longer than what is there
    [InlineData("02B0010000")] // a match before the first byte
    [InlineData("03B002410110")] // a match from before the beginning
    [InlineData("02B00241FF")] // half a match
    public void Malformed_chunks_are_refused(string stored) => Assert.False(Lznt1.TryDecompress(Convert.FromHexString(stored), new byte[4096]));

    [Fact]
    public void Any_bytes_end_within_the_target()
    {
        var random = new Random(1);
        var target = new byte[65536];
        for (var i = 0; i < 3000; i++)
        {
            var stored = new byte[random.Next(300)];
            random.NextBytes(stored);
            if (stored.Length > 2)
            {
                stored[0] = (byte)(stored.Length - 3);
                stored[1] = 0xB0;
            }

            _ = Lznt1.TryDecompress(stored, target.AsSpan(0, random.Next(target.Length)));
            _ = XpressHuffman.TryDecompress(stored, target.AsSpan(0, random.Next(target.Length)));
            _ = Lzx.TryDecompress(stored, target.AsSpan(0, random.Next(Lzx.ChunkSize)));
        }
    }
}
