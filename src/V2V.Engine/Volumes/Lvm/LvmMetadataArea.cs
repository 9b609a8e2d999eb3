using System.Buffers.Binary;
using System.Text;
using V2V.Engine.Disks;

namespace V2V.Engine.Volumes.Lvm;

/// <summary>
/// A metadata area of a physical volume: a header sector (lvm2, struct mda_header), then a circular buffer of texts, each a whole description
/// of the volume group. The header points to the one that counts.
/// </summary>
internal static class LvmMetadataArea
{
    private const int HeaderLength = 512;
    private const uint Version = 1;
    private const uint IgnoredFlag = 1;

    /// <summary>Eight times what LVM makes a whole area by default; a group of ten thousand volumes takes half of it.</summary>
    private const int MaxTextLength = 8 << 20;

    /// <summary>" LVM2 x[5A%r0N*>".</summary>
    private static ReadOnlySpan<byte> Magic => " LVM2 x[5A%r0N*>"u8;

    /// <summary>The volume group's text; null when the area holds none, or an old one that LVM was told to ignore.</summary>
    /// <exception cref="VolumeException">The header or the text is damaged.</exception>
    internal static string? ReadText(BlockDevice device, LvmDiskLocation area)
    {
        if (area.Offset > device.Length - HeaderLength)
        {
            throw Damaged(area, $"begins at byte {area.Offset} of a device of {device.Length}");
        }

        var header = new byte[HeaderLength];
        device.Read(area.Offset, header);
        var size = CheckHeader(header, area, device.Length);

        var textOffset = BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(Field.TextOffset));
        var textLength = BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(Field.TextLength));
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(Field.TextFlags));
        if (textOffset == 0 || (flags & IgnoredFlag) != 0)
        {
            return null;
        }

        if (textOffset < HeaderLength || textOffset >= size || textLength <= 0 || textLength > Math.Min(size - HeaderLength, MaxTextLength))
        {
            throw Damaged(area, $"has its text at {textOffset}+{textLength}, and {MaxTextLength} bytes within {size} are possible");
        }

        return ReadText(device, area, size, textOffset, (int)textLength, BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(Field.TextChecksum)));
    }

    /// <summary>The size that the header gives, which is where the buffer wraps.</summary>
    private static long CheckHeader(ReadOnlySpan<byte> header, LvmDiskLocation area, long deviceLength)
    {
        if (!header[Field.Magic..].StartsWith(Magic)
            || BinaryPrimitives.ReadUInt32LittleEndian(header) != LvmChecksum.Of(header[Field.Magic..]))
        {
            throw Damaged(area, "has a header whose checksum is wrong");
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.Version..]);
        var start = BinaryPrimitives.ReadInt64LittleEndian(header[Field.Start..]);
        var size = BinaryPrimitives.ReadInt64LittleEndian(header[Field.Size..]);
        return version == Version && start == area.Offset && size > HeaderLength && size <= deviceLength - start
            ? size
            : throw Damaged(area, $"is of version {version}, from {start}, {size} bytes, which cannot be");
    }

    private static string ReadText(BlockDevice device, LvmDiskLocation area, long size, long offset, int length, uint checksum)
    {
        var text = new byte[length];
        var untilEnd = (int)Math.Min(length, size - offset);
        device.Read(area.Offset + offset, text.AsSpan(0, untilEnd));
        if (untilEnd < length)
        {
            // The buffer goes on behind the header.
            device.Read(area.Offset + HeaderLength, text.AsSpan(untilEnd));
        }

        return LvmChecksum.Of(text) == checksum
            ? Encoding.Latin1.GetString(text)
            : throw Damaged(area, "has a text whose checksum is wrong");
    }

    private static VolumeException Damaged(LvmDiskLocation area, string how) =>
        LvmErrors.Corrupt($"The LVM metadata area at byte {area.Offset} {how}", area.Offset);

    private static class Field
    {
        internal const int Magic = 4;
        internal const int Version = 20;
        internal const int Start = 24;
        internal const int Size = 32;

        // The first of the raw locations; the second is of a change that was under way and is not yet valid.
        internal const int TextOffset = 40;
        internal const int TextLength = 48;
        internal const int TextChecksum = 56;
        internal const int TextFlags = 60;
    }
}
