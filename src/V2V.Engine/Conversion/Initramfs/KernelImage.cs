using System.Buffers.Binary;
using System.Text;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>The header of an x86 bzImage (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header").</summary>
internal static class KernelImage
{
    private const int SignatureOffset = 0x202;
    private const int VersionPointerOffset = 0x20E;
    private const int VersionPointerBase = 0x200;
    private const int MaxVersionLength = 256;

    /// <summary>How much of the file <see cref="ReadVersion"/> needs: the pointer has 16 bits.</summary>
    public const int HeadLength = 0x10000 + VersionPointerBase + MaxVersionLength;

    public static bool IsBzImage(ReadOnlySpan<byte> head) => head.Length >= VersionPointerOffset + 2 && head[SignatureOffset..].StartsWith("HdrS"u8);

    /// <summary>The version that "uname -r" prints, or null when the file is not a bzImage or does not tell.</summary>
    public static string? ReadVersion(ReadOnlySpan<byte> head)
    {
        if (!IsBzImage(head))
        {
            return null;
        }

        var pointer = BinaryPrimitives.ReadUInt16LittleEndian(head[VersionPointerOffset..]);
        if (pointer == 0 || pointer + VersionPointerBase >= head.Length)
        {
            return null;
        }

        // "6.1.0-18-amd64 (debian-kernel@lists.debian.org) #1 SMP ...", ended by a zero.
        var text = head[(pointer + VersionPointerBase)..];
        text = text[..Math.Min(text.Length, MaxVersionLength)];
        var end = text.IndexOfAny((byte)' ', (byte)0);
        return end > 0 ? Encoding.Latin1.GetString(text[..end]) : null;
    }
}
