namespace V2V.Engine.Tests.Disks;

/// <summary>Contents with all that formats treat differently: noise, compressible data, zeros within data, small islands, wide holes.</summary>
internal static class SampleDisk
{
    /// <summary>More than two grain tables of a VMDK, and no multiple of any grain or cluster.</summary>
    public const int Size = (72 << 20) + (3 * 512);

    public static byte[] Create(int size = Size, int seed = 1)
    {
        var random = new Random(seed);
        byte[] disk = new byte[size];
        // Noise.
        random.NextBytes(disk.AsSpan(0, Math.Min(size, 3 << 20)));
        // Text-like.
        for (int i = 8 << 20; i < Math.Min(size, 14 << 20); i++)
        {
            disk[i] = (byte)('a' + (i * 31 / 7 % 13) + (i >> 12 & 7));
        }

        // Islands, across borders of grains among them; the second half stays a hole.
        for (int i = 0; i < 40; i++)
        {
            int position = random.Next((size / 2) - 9000);
            random.NextBytes(disk.AsSpan(position, random.Next(1, 9000)));
        }

        // The very end.
        random.NextBytes(disk.AsSpan(size - 700));
        return disk;
    }

    public static string Write(TestFolder folder, byte[] disk, string name = "disk.raw") => folder.Write(name, disk);
}
