using System.Buffers.Binary;

namespace V2V.Engine.Conversion.Linux.Software;

/// <summary>
/// The outside of an RPM package, versions 3 and 4 (rpm's docs/manual/format): a lead, a header with signatures, padding to 8 bytes, and then
/// the part whose length the signatures tell.
/// </summary>
internal static class RpmFile
{
    private const int LeadLength = 96;
    private const uint LeadMagic = 0xEDABEEDB;
    private const int LeadType = 6;
    private const ushort BinaryType = 0;

    /// <summary>Three bytes of magic, one of version, four reserved, counts of entries and of bytes of data.</summary>
    private const int IntroLength = 16;
    private const uint HeaderMagic = 0x8EADE801;

    private const int EntryLength = 16;

    /// <summary>rpm's own limits for a signature header (lib/header.c, lib/signature.c).</summary>
    private const int MaxEntries = 32;
    private const int MaxData = 64 << 20;

    /// <summary>RPMSIGTAG_SIZE: bytes of header and payload, 32 bits; and RPMSIGTAG_LONGSIZE, 64 bits.</summary>
    private const int SizeTag = 1000;
    private const int LongSizeTag = 270;

    /// <summary>What stands against its being a whole binary package; null when nothing does.</summary>
    public static string? FindFault(Stream stream)
    {
        var start = new byte[LeadLength + IntroLength];
        if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length || BinaryPrimitives.ReadUInt32BigEndian(start) != LeadMagic)
        {
            return "it is no RPM package";
        }

        if (BinaryPrimitives.ReadUInt16BigEndian(start.AsSpan(LeadType)) != BinaryType)
        {
            return "it is a source package, which holds nothing to install";
        }

        var intro = start.AsSpan(LeadLength);
        var entries = BinaryPrimitives.ReadInt32BigEndian(intro[8..]);
        var length = BinaryPrimitives.ReadInt32BigEndian(intro[12..]);
        if (BinaryPrimitives.ReadUInt32BigEndian(intro) != HeaderMagic || entries is < 1 or > MaxEntries || length is < 0 or > MaxData)
        {
            return $"its signature header at byte {LeadLength} is damaged";
        }

        var header = new byte[(entries * EntryLength) + length];
        if (stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length)
        {
            return "it ends within its signatures";
        }

        const int Alignment = 8;
        var body = LeadLength + IntroLength + header.Length;
        var expected = ((body + Alignment - 1) / Alignment * Alignment) + BodyLength(header, entries);
        return expected is null || expected == stream.Length ? null : $"it has {stream.Length} bytes, and {expected} by its header";
    }

    /// <summary>Null when the signatures do not say, or say it where no value can be.</summary>
    private static long? BodyLength(ReadOnlySpan<byte> header, int entries)
    {
        var data = header[(entries * EntryLength)..];
        for (var i = 0; i < entries; i++)
        {
            var entry = header.Slice(i * EntryLength, EntryLength);
            var tag = BinaryPrimitives.ReadInt32BigEndian(entry);
            var offset = BinaryPrimitives.ReadInt32BigEndian(entry[8..]);
            var size = tag switch { SizeTag => sizeof(uint), LongSizeTag => sizeof(long), _ => 0 };
            if (size > 0 && offset >= 0 && offset <= data.Length - size)
            {
                return size == sizeof(uint) ? BinaryPrimitives.ReadUInt32BigEndian(data[offset..]) : BinaryPrimitives.ReadInt64BigEndian(data[offset..]);
            }
        }

        return null;
    }
}
