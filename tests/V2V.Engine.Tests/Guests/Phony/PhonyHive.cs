using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.Registry;
using V2V.Engine.Tests.FileSystems;

namespace V2V.Engine.Tests.Guests.Phony;

/// <summary>
/// Registry hives made from text: keys in brackets, relative to the hive's root, with their values below, much as in .reg files. A value is
/// "text", expand:"text", multi:"one","two", dword:00000001, qword:, hex:01,02, or hex(TYPE): for any other type; the name of the default value is
/// (default). Backslashes in texts stand for themselves.
/// </summary>
internal static partial class PhonyHive
{
    /// <param name="fileSystem">Where the hive is to be.</param>
    /// <param name="path">Its path there.</param>
    /// <param name="text">What it is to hold.</param>
    /// <param name="special">Gives the bytes of values "WORD:argument" that only the guest can know.</param>
    public static void Write(MemoryFileSystem fileSystem, string path, string text, Func<string, string, byte[]>? special = null)
    {
        if (fileSystem.Find(path) is null)
        {
            fileSystem.With(path, Empty("CMI-CreateHive{2A7FB991-7BBE-4F9D-B91E-7CB51D4737F5}"));
        }

        var hive = RegistryHive.Open(new GuestRoot([new GuestMount("/", fileSystem, MemoryVolume.Partition(0, 1))]), path);
        var key = hive.Root;
        foreach (var line in text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && !l.StartsWith(';')))
        {
            if (line.StartsWith('['))
            {
                key = hive.Create(line[1..^1]);
            }
            else
            {
                var match = Assignment().Match(line);
                var name = match.Success ? match.Groups["name"].Value : throw new FormatException($"{path}: {line}");
                Set(key, name == "(default)" ? "" : name.Trim('"'), match.Groups["value"].Value, special);
            }
        }

        hive.Save();
    }

    private static void Set(RegistryKey key, string name, string value, Func<string, string, byte[]>? special)
    {
        var (type, data) = value.StartsWith('"') ? ("", value) : value.Split(':', 2) is [var t, var d] ? (t, d) : throw new FormatException(value);
        switch (type)
        {
            case "":
                key.SetString(name, data[1..^1]);
                break;
            case "expand":
                key.SetString(name, data[1..^1], RegistryValueKind.ExpandString);
                break;
            case "multi":
                key.SetStrings(name, [.. data.Split(',').Select(p => p.Trim('"'))]);
                break;
            case "dword":
                key.SetUInt32(name, uint.Parse(data, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                break;
            case "qword":
                var number = new byte[8];
                BinaryPrimitives.WriteUInt64LittleEndian(number, ulong.Parse(data, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                key.Set(name, RegistryValueKind.UInt64, number);
                break;
            case "hex":
                key.Set(name, RegistryValueKind.Binary, Bytes(data));
                break;
            case ['h', 'e', 'x', '(', .. var kind, ')']:
                key.Set(name, (RegistryValueKind)uint.Parse(kind, NumberStyles.HexNumber, CultureInfo.InvariantCulture), Bytes(data));
                break;
            default:
                key.Set(name, RegistryValueKind.Binary, special?.Invoke(type, data) ?? throw new FormatException(value));
                break;
        }
    }

    private static byte[] Bytes(string data) =>
        [.. data.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(b => byte.Parse(b.Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture))];

    /// <summary>
    /// The smallest hive (format 1.5): a base block, and one bin with the root key and its security descriptor, which gives everything to SYSTEM
    /// and the administrators. Laid out by the description that the hivex and libregf projects keep.
    /// </summary>
    public static byte[] Empty(string rootName)
    {
        var hive = new byte[8192];
        var header = hive.AsSpan(0, 4096);
        "regf"u8.CopyTo(header);
        void U32(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(hive.AsSpan(at), value);
        void U16(int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(hive.AsSpan(at), value);
        U32(4, 1);
        U32(8, 1);
        U32(20, 1);
        U32(24, 5);
        U32(32, 1);
        U32(36, 0x20);
        U32(40, 4096);
        U32(44, 1);

        const int bin = 4096;
        "hbin"u8.CopyTo(hive.AsSpan(bin));
        U32(bin + 8, 4096);

        // The root key (nk), then its security (sk); offsets count from the first bin.
        var name = Encoding.ASCII.GetBytes(rootName);
        var keyLength = Aligned(4 + 76 + name.Length);
        var descriptor = Descriptor();
        var securityLength = Aligned(4 + 20 + descriptor.Length);
        var (key, security) = (bin + 0x20, bin + 0x20 + keyLength);
        U32(key, unchecked((uint)-keyLength));
        "nk"u8.CopyTo(hive.AsSpan(key + 4));
        U16(key + 6, 0x2C);
        BinaryPrimitives.WriteInt64LittleEndian(hive.AsSpan(key + 8), new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc).ToFileTimeUtc());
        foreach (var field in (ReadOnlySpan<int>)[0x14, 0x20, 0x24, 0x2C, 0x34])
        {
            U32(key + field, uint.MaxValue);
        }

        U32(key + 0x30, (uint)(security - bin));
        U16(key + 0x4C, (ushort)name.Length);
        name.CopyTo(hive, key + 0x50);

        U32(security, unchecked((uint)-securityLength));
        "sk"u8.CopyTo(hive.AsSpan(security + 4));
        U32(security + 8, (uint)(security - bin));
        U32(security + 12, (uint)(security - bin));
        U32(security + 16, 1);
        U32(security + 20, (uint)descriptor.Length);
        descriptor.CopyTo(hive, security + 24);
        var free = security + securityLength;
        U32(free, (uint)(hive.Length - free));

        uint checksum = 0;
        for (var i = 0; i < 508; i += 4)
        {
            checksum ^= BinaryPrimitives.ReadUInt32LittleEndian(header[i..]);
        }

        U32(508, checksum);
        return hive;
    }

    private static int Aligned(int length) => (length + 7) & ~7;

    /// <summary>O:BAG:SYD:(A;CI;KA;;;SY)(A;CI;KA;;;BA), self-relative.</summary>
    private static byte[] Descriptor()
    {
        byte[] system = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
        byte[] administrators = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
        static byte[] Ace(byte[] sid) => [0, 2, (byte)(8 + sid.Length), 0, 0x3F, 0, 0x0F, 0, .. sid];
        byte[] entries = [.. Ace(system), .. Ace(administrators)];
        byte[] list = [2, 0, (byte)(8 + entries.Length), 0, 2, 0, 0, 0, .. entries];
        return [1, 0, 4, 0x80, 20, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0, .. administrators, .. system, .. list];
    }

    [GeneratedRegex(@"^(?<name>""[^""]*""|\(default\))=(?<value>.+)\z")]
    private static partial Regex Assignment();
}
