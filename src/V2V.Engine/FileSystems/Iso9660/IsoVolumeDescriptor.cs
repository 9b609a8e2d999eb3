using System.Buffers.Binary;
using System.Text;

namespace V2V.Engine.FileSystems.Iso9660;

/// <summary>
/// A primary or supplementary volume descriptor (ECMA-119, 8.4 and 8.5). Numbers are stored in both byte orders; the little-endian one is read.
/// </summary>
/// <param name="Type">What it describes.</param>
/// <param name="Label">The volume identifier; null when it has none.</param>
/// <param name="BlockSize">Bytes of a logical block, in which places are counted.</param>
/// <param name="BlockCount">Size of the volume in logical blocks.</param>
/// <param name="Root">The root directory.</param>
/// <param name="IsJoliet">Its names are UCS-2 (Joliet specification, "SVD Escape Sequences").</param>
/// <param name="Identity">What blkid prints as UUID: the time of the last change, else of creation.</param>
internal sealed record IsoVolumeDescriptor(
    IsoDescriptorType Type, string? Label, int BlockSize, uint BlockCount, IsoDirectoryRecord Root, bool IsJoliet, string? Identity)
{
    public const int Size = 2048;

    /// <summary>Type, "CD001" and version.</summary>
    public const int HeaderSize = 7;

    /// <summary>The first sixteen sectors are the system area.</summary>
    public const long FirstOffset = 16 * Size;

    public static bool HasSignature(ReadOnlySpan<byte> raw) => raw.Length >= HeaderSize && raw[1..6].SequenceEqual("CD001"u8);

    /// <param name="raw">The sector, which has the signature and is of one of the two types.</param>
    /// <param name="offset">Where it stands.</param>
    /// <exception cref="GuestFileSystemException">Its block size or root directory make no sense.</exception>
    public static IsoVolumeDescriptor Parse(ReadOnlySpan<byte> raw, long offset)
    {
        var blockSize = BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.BlockSize..]);
        if (blockSize is not (512 or 1024 or 2048))
        {
            throw IsoErrors.Corrupt($"its logical blocks have {blockSize} bytes.", offset + Offsets.BlockSize);
        }

        var isJoliet = raw[0] == (byte)IsoDescriptorType.Supplementary && SelectsJoliet(raw.Slice(Offsets.EscapeSequences, 3));
        var label = raw.Slice(Offsets.VolumeIdentifier, Offsets.VolumeIdentifierLength);
        var text = (isJoliet ? Encoding.BigEndianUnicode.GetString(label) : GuestText.Decode(label)).TrimEnd(' ', '\0');
        return new IsoVolumeDescriptor(
            (IsoDescriptorType)raw[0],
            text.Length == 0 ? null : text,
            blockSize,
            BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.BlockCount..]),
            IsoDirectoryRecord.Parse(raw.Slice(Offsets.Root, IsoDirectoryRecord.MinimumLength), offset + Offsets.Root),
            isJoliet,
            IdentityOf(raw[Offsets.Modified..]) ?? IdentityOf(raw[Offsets.Created..]));
    }

    /// <summary>These escape sequences select UCS-2 of level 1, 2 and 3.</summary>
    private static bool SelectsJoliet(ReadOnlySpan<byte> escape) =>
        escape.SequenceEqual("%/@"u8) || escape.SequenceEqual("%/C"u8) || escape.SequenceEqual("%/E"u8);

    /// <summary>"2024-01-01-00-00-00-00" from sixteen digits; null when the time is not set.</summary>
    private static string? IdentityOf(ReadOnlySpan<byte> raw)
    {
        var digits = Encoding.ASCII.GetString(raw[..16]);
        return digits.All(char.IsAsciiDigit) && digits.Any(c => c != '0')
            ? $"{digits[..4]}-{string.Join('-', Enumerable.Range(2, 6).Select(i => digits.Substring(i * 2, 2)))}"
            : null;
    }

    private static class Offsets
    {
        public const int VolumeIdentifier = 40;
        public const int VolumeIdentifierLength = 32;
        public const int BlockCount = 80;
        public const int EscapeSequences = 88;
        public const int BlockSize = 128;
        public const int Root = 156;
        public const int Created = 813;
        public const int Modified = 830;
    }
}

/// <summary>The types of volume descriptors (ECMA-119, 8.1.1) that are of use here.</summary>
internal enum IsoDescriptorType : byte
{
    BootRecord = 0,
    Primary = 1,
    Supplementary = 2,
    Partition = 3,
    Terminator = 255,
}
