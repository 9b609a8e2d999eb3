using System.Buffers.Binary;
using System.Text;

namespace V2V.Engine.Tests.Conversion.Windows;

/// <summary>A hive of version 1.5 with nothing but its root key and the security of that: SYSTEM and administrators everything, users read.</summary>
internal static class EmptyHive
{
    private const int BaseBlockLength = 4096;

    private const int BinLength = 4096;

    public static byte[] Create(string rootName = "CMI-CreateHive{00000000-0000-0000-0000-000000000000}")
    {
        var hive = new byte[BaseBlockLength + BinLength];
        var bin = hive.AsSpan(BaseBlockLength);
        var now = new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc).ToFileTimeUtc();

        "hbin"u8.CopyTo(bin);
        Put(bin, 8, BinLength);
        BinaryPrimitives.WriteInt64LittleEndian(bin[20..], now);

        var name = Encoding.ASCII.GetBytes(rootName);
        var keyLength = Cell(76 + name.Length);
        var securityAt = 32 + keyLength;
        var key = bin[32..];
        Put(key, 0, -keyLength);
        "nk"u8.CopyTo(key[4..]);
        BinaryPrimitives.WriteUInt16LittleEndian(key[6..], 0x2C);
        BinaryPrimitives.WriteInt64LittleEndian(key[8..], now);
        foreach (var none in (ReadOnlySpan<int>)[20, 32, 36, 44, 52])
        {
            Put(key, none, -1);
        }

        Put(key, 48, securityAt);
        BinaryPrimitives.WriteUInt16LittleEndian(key[76..], (ushort)name.Length);
        name.CopyTo(key[80..]);

        var descriptor = Descriptor();
        var security = bin[securityAt..];
        var securityLength = Cell(20 + descriptor.Length);
        Put(security, 0, -securityLength);
        "sk"u8.CopyTo(security[4..]);
        Put(security, 8, securityAt);
        Put(security, 12, securityAt);
        Put(security, 16, 1);
        Put(security, 20, descriptor.Length);
        descriptor.CopyTo(security[24..]);

        var free = securityAt + securityLength;
        Put(bin, free, BinLength - free);

        "regf"u8.CopyTo(hive);
        Put(hive, 4, 1);
        Put(hive, 8, 1);
        BinaryPrimitives.WriteInt64LittleEndian(hive.AsSpan(12), now);
        foreach (var (offset, value) in (ReadOnlySpan<(int, int)>)[(20, 1), (24, 5), (28, 0), (32, 1), (36, 32), (40, BinLength), (44, 1)])
        {
            Put(hive, offset, value);
        }

        var checksum = 0u;
        for (var i = 0; i < 508; i += 4)
        {
            checksum ^= BinaryPrimitives.ReadUInt32LittleEndian(hive.AsSpan(i));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(hive.AsSpan(508), checksum is 0 ? 1 : checksum is uint.MaxValue ? uint.MaxValue - 1 : checksum);
        return hive;
    }

    private static int Cell(int content) => (4 + content + 7) & ~7;

    private static void Put(Span<byte> at, int offset, int value) => BinaryPrimitives.WriteInt32LittleEndian(at[offset..], value);

    private static byte[] Descriptor()
    {
        var system = Sid(18);
        var administrators = Sid(32, 544);
        byte[] entries = [.. Allow(0xF003F, system), .. Allow(0xF003F, administrators), .. Allow(0x20019, Sid(32, 545))];
        byte[] list = [2, 0, (byte)(8 + entries.Length), 0, 3, 0, 0, 0, .. entries];
        var header = new byte[20];
        (header[0], header[2], header[3]) = (1, 0x04, 0x80);
        Put(header, 4, 20);
        Put(header, 8, 20 + administrators.Length);
        Put(header, 16, 20 + administrators.Length + system.Length);
        return [.. header, .. administrators, .. system, .. list];
    }

    private static byte[] Allow(int mask, byte[] sid)
    {
        var entry = new byte[8];
        (entry[1], entry[2]) = (2, (byte)(8 + sid.Length));
        Put(entry, 4, mask);
        return [.. entry, .. sid];
    }

    private static byte[] Sid(params int[] parts)
    {
        var sid = new byte[8 + (4 * parts.Length)];
        (sid[0], sid[1], sid[7]) = (1, (byte)parts.Length, 5);
        for (var i = 0; i < parts.Length; i++)
        {
            Put(sid, 8 + (4 * i), parts[i]);
        }

        return sid;
    }
}
