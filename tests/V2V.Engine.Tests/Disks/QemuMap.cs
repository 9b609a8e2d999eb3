using System.Text.Json;
using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks;

/// <summary>QEMU's word on what an image holds, which V2V's reading is compared with.</summary>
internal static class QemuMap
{
    private const int SectorSize = 512;

    /// <summary>An image reads as QEMU reads it, and has data nowhere that QEMU knows to be zeros.</summary>
    /// <param name="folder">Takes QEMU's copy of the disk.</param>
    /// <param name="format">As QEMU calls it.</param>
    /// <param name="image">The image.</param>
    /// <param name="options">How V2V opens it.</param>
    public static void Agrees(TestFolder folder, string format, string image, DiskOpenOptions? options = null)
    {
        string raw = folder["judge.raw"];
        QemuImg.Run("convert", "-f", format, "-O", "raw", image, raw);
        byte[] disk = File.ReadAllBytes(raw);
        using BlockDevice device = DiskImages.Open(image, options);
        // Whole, in pieces by several threads, and with runs of zeros that are zeros.
        DiskAssert.Holds(disk, device);
        byte[] isZero = ZeroSectors(QemuImg.Run("map", "--output=json", "-f", format, image), disk.Length);
        foreach (DiskExtent extent in device.Extents(0, device.Length).Where(e => !e.IsZero))
        {
            int first = (int)(extent.Offset / SectorSize);
            int end = (int)((extent.End + SectorSize - 1) / SectorSize);
            int coarser = isZero.AsSpan(first, end - first).IndexOf((byte)1);
            Assert.True(coarser < 0, $"{extent} is said to be data, but QEMU knows that byte {(long)(first + coarser) * SectorSize} is zero");
        }
    }

    private static byte[] ZeroSectors(string json, int length)
    {
        byte[] isZero = new byte[(length + SectorSize - 1) / SectorSize];
        using JsonDocument map = JsonDocument.Parse(json);
        foreach (JsonElement run in map.RootElement.EnumerateArray().Where(r => r.GetProperty("zero").GetBoolean()))
        {
            long start = run.GetProperty("start").GetInt64();
            long end = start + run.GetProperty("length").GetInt64();
            // A sector that is zero in part only is data in part.
            int first = (int)((start + SectorSize - 1) / SectorSize);
            int last = end == length ? isZero.Length : (int)(end / SectorSize);
            isZero.AsSpan(first, Math.Max(0, last - first)).Fill(1);
        }

        return isZero;
    }
}
