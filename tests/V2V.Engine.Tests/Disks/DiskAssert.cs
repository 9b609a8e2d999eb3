using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks;

internal static class DiskAssert
{
    /// <summary>The device holds these bytes however it is read, and its runs tell the truth about them.</summary>
    public static void Holds(byte[] expected, BlockDevice device)
    {
        Assert.Equal(expected.LongLength, device.Length);
        byte[] whole = new byte[expected.Length];
        device.Read(0, whole);
        Assert.Equal(-1, FirstDifference(expected, whole));

        Parallel.For(0, 4, thread =>
        {
            var random = new Random(thread);
            byte[] buffer = new byte[300_000];
            for (int i = 0; i < 150; i++)
            {
                int offset = random.Next(expected.Length + 1);
                int most = i % 2 == 0 ? 5000 : buffer.Length;
                int length = random.Next(Math.Min(most, expected.Length - offset) + 1);
                device.Read(offset, buffer.AsSpan(0, length));
                Assert.True(buffer.AsSpan(0, length).SequenceEqual(expected.AsSpan(offset, length)), $"{length} bytes at {offset} differ");
            }
        });

        CheckExtents(expected, device, 0, expected.Length);
        CheckExtents(expected, device, expected.Length / 3 + 7, expected.Length / 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => device.Read(expected.Length, new byte[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => device.Extents(1, expected.Length).Count());
    }

    /// <summary>Returns how many bytes are said to be zeros.</summary>
    public static long CheckExtents(byte[] expected, BlockDevice device, long offset, long length)
    {
        long position = offset;
        long zeros = 0;
        foreach (DiskExtent extent in device.Extents(offset, length))
        {
            Assert.Equal(position, extent.Offset);
            Assert.True(extent.Length > 0);
            if (extent.IsZero)
            {
                zeros += extent.Length;
                Assert.False(
                    expected.AsSpan((int)extent.Offset, (int)extent.Length).ContainsAnyExcept((byte)0), $"{extent} is said to be zeros but is not");
            }

            position = extent.End;
        }

        Assert.Equal(offset + length, position);
        return zeros;
    }

    public static int FirstDifference(byte[] left, byte[] right)
    {
        int same = left.AsSpan().CommonPrefixLength(right);
        return same == left.Length && same == right.Length ? -1 : same;
    }
}
