using System.Collections;
using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.Guests;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>What a copier may leave out is what ntfs-3g's tools say is free, and nothing else.</summary>
public sealed class NtfsFreeExtentsTests(WindowsGuests guests) : IClassFixture<WindowsGuests>
{
    [Theory]
    [InlineData("--version 2016 --size 256M")]
    [InlineData("--version 10 --cluster 65536 --size 256M")]
    [InlineData("--version 7 --cluster 512 --size 256M")]
    public void Free_extents_are_those_of_the_bitmap(string options)
    {
        ExternalTool.Need("ntfscat");
        using var image = WindowsGuests.Volume(guests.Disk(options));
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        var bitmap = image.WriteFile("bitmap", []);
        ExternalTool.Check("sh", "-c", $"ntfscat '{image.Path}' '$Bitmap' >'{bitmap}'");
        var bits = new BitArray(File.ReadAllBytes(bitmap));
        var cluster = int.Parse(options.Contains("--cluster", StringComparison.Ordinal) ? options.Split(' ')[3] : "4096", System.Globalization.CultureInfo.InvariantCulture);

        var last = -1L;
        var free = 0L;
        foreach (var extent in fileSystem.FreeExtents())
        {
            Assert.True(extent.Offset > last && extent.Offset % cluster == 0 && extent.Length % cluster == 0, $"{extent}");
            for (var i = extent.Offset / cluster; i < extent.End / cluster; i++)
            {
                Assert.False(bits[(int)i], $"cluster {i} is in use");
            }

            Assert.True(extent.Offset == 0 || bits[(int)(extent.Offset / cluster) - 1], $"{extent} could begin earlier");
            last = extent.End;
            free += extent.Length;
        }

        var expected = bits.Cast<bool>().Count(b => !b) * (long)cluster;
        Assert.Equal(expected, free);
        Assert.Equal(expected, fileSystem.Space.FreeBytes);
    }

    [Fact]
    public void What_is_left_out_is_not_missed()
    {
        using var image = WindowsGuests.Volume(guests.Disk("--version 2016 --size 256M"));
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            foreach (var extent in fileSystem.FreeExtents().ToList())
            {
                for (var at = extent.Offset; at < extent.End; at += 1 << 20)
                {
                    device.Write(at, Noise.AsSpan(0, (int)Math.Min(1 << 20, extent.End - at)));
                }
            }
        }

        image.Check();
    }

    private static byte[] Noise { get; } = MakeNoise();

    private static byte[] MakeNoise()
    {
        var noise = new byte[1 << 20];
        new Random(1).NextBytes(noise);
        return noise;
    }
}
