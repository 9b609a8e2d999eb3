using System.Buffers.Binary;
using System.Text;
using V2V.Engine.Volumes.Lvm;

namespace V2V.Engine.Tests.Volumes.Lvm;

/// <summary>A physical volume as bytes, made by lvm2, that a test damages or changes.</summary>
internal static class LvmImage
{
    /// <summary>Where lvm2 puts the first metadata area.</summary>
    internal const int Area = 4096;

    private const int Sector = 512;
    private const int Label = 512;

    internal static void RewriteText(string path, Func<string, string> change)
    {
        var image = File.ReadAllBytes(path);
        RewriteText(image, change);
        File.WriteAllBytes(path, image);
    }

    /// <summary>Changes the valid text of the first metadata area, with its length and every checksum.</summary>
    internal static void RewriteText(byte[] image, Func<string, string> change)
    {
        var (offset, length) = TextOf(image);
        var text = Encoding.Latin1.GetBytes(change(Encoding.Latin1.GetString(image, offset, length)));
        text.CopyTo(image, offset);
        BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(Area + 48), text.Length);
        Seal(image);
    }

    /// <summary>Brings the checksums of label, area header and text up to date.</summary>
    internal static void Seal(byte[] image)
    {
        if (image.Length < Area + Sector)
        {
            return;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(Label + 16), LvmChecksum.Of(image.AsSpan(Label + 20, Sector - 20)));
        var (offset, length) = TextOf(image);
        if (offset >= Area && length > 0 && offset <= image.Length - length)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(Area + 56), LvmChecksum.Of(image.AsSpan(offset, length)));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(Area), LvmChecksum.Of(image.AsSpan(Area + 4, Sector - 4)));
    }

    private static (int Offset, int Length) TextOf(byte[] image) => (
        (int)Math.Clamp(BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(Area + 40)), int.MinValue / 2, int.MaxValue / 2) + Area,
        (int)Math.Clamp(BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(Area + 48)), int.MinValue / 2, int.MaxValue / 2));
}
