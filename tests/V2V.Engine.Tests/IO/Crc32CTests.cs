using System.Text;
using V2V.Engine.IO;
using Xunit;

namespace V2V.Engine.Tests.IO;

public sealed class Crc32CTests
{
    /// <summary>RFC 3720, B.4, and the check value of the catalogue of CRCs.</summary>
    [Theory]
    [InlineData("123456789", 0xe3069283)]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 0x8a9136aa)]
    public void It_is_the_checksum_of_iSCSI(string text, uint expected) =>
        Assert.Equal(expected, ~Crc32C.Append(uint.MaxValue, Encoding.ASCII.GetBytes(text)));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(9, 9)]
    [InlineData(24, 23)]
    [InlineData(5, 64)]
    public void Two_at_once_are_the_same_as_one_after_the_other(int firstLength, int secondLength)
    {
        var data = new byte[firstLength + secondLength];
        new Random(1).NextBytes(data);
        var first = data.AsSpan(0, firstLength);
        var second = data.AsSpan(firstLength);

        Assert.Equal((Crc32C.Append(7, first), Crc32C.Append(7, second)), Crc32C.AppendBoth(7, first, second));
    }
}
