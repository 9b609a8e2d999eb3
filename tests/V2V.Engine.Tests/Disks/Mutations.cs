using System.Diagnostics;
using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks;

/// <summary>Damages images in many ways. Whatever comes of it is either readable or refused with the engine's exception, soon and without much memory.</summary>
internal static class Mutations
{
    private const long MemoryLimit = 256 << 20;

    // What sizes, offsets and counts are most likely to break on.
    private static readonly byte[] s_extremes = [0, 1, 0x7F, 0x80, 0xFF];

    public static void Check(byte[] image, int headerSize, int count, Action<byte[]> open, Action<byte[]>? fixup = null)
    {
        int refused = 0;
        for (int seed = 0; seed < count; seed++)
        {
            byte[] damaged = Mutate(image, headerSize, new Random(seed));
            if (seed % 2 == 0)
            {
                fixup?.Invoke(damaged);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            long started = Stopwatch.GetTimestamp();
            try
            {
                open(damaged);
            }
            catch (V2VException)
            {
                refused++;
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"mutation {seed} ended in {e}");
            }

            Watchdog.Check(started, $"mutation {seed}");
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MemoryLimit, $"mutation {seed} took too much memory");
        }

        // Proof that the mutations reach something.
        Assert.InRange(refused, count / 20, count);
    }

    /// <summary>Reads an image's runs, its beginning, its end and some places between, of many lengths.</summary>
    public static void ReadThrough(BlockDevice device)
    {
        using (device)
        {
            byte[] buffer = new byte[(int)Math.Min(device.Length, 4 << 20)];
            long position = 0;
            foreach (DiskExtent extent in device.Extents(0, device.Length))
            {
                Assert.Equal(position, extent.Offset);
                position = extent.End;
            }

            device.Read(0, buffer);
            device.Read(device.Length - buffer.Length, buffer);
            var random = new Random((int)device.Length);
            for (int i = 0; i < 20 && buffer.Length > 0; i++)
            {
                int length = random.Next(1, Math.Min(buffer.Length, 70_000) + 1);
                long offset = random.NextInt64(device.Length - length + 1);
                Read(device, offset, buffer.AsSpan(0, length));
                Extents(device, offset, length);
            }

            static void Read(BlockDevice device, long offset, Span<byte> buffer)
            {
                try
                {
                    device.Read(offset, buffer);
                }
                catch (V2VException) when (offset > 0)
                {
                    // One place may be damaged and the others not.
                }
            }

            static void Extents(BlockDevice device, long offset, long length)
            {
                try
                {
                    Assert.Equal(length, device.Extents(offset, length).Sum(e => e.Length));
                }
                catch (V2VException) when (offset > 0)
                {
                }
            }
        }
    }

    private static byte[] Mutate(byte[] image, int headerSize, Random random)
    {
        if (random.Next(12) == 0)
        {
            return image[..random.Next(image.Length)];
        }

        byte[] damaged = (byte[])image.Clone();
        int changes = random.Next(1, 5);
        for (int i = 0; i < changes; i++)
        {
            // A run of bytes makes large numbers; a single one makes near misses.
            int position = random.Next(headerSize);
            int length = Math.Min(random.Next(3) == 0 ? random.Next(1, 9) : 1, image.Length - position);
            byte value = random.Next(2) == 0 ? s_extremes[random.Next(s_extremes.Length)] : (byte)random.Next(256);
            damaged.AsSpan(position, length).Fill(value);
        }

        return damaged;
    }
}
