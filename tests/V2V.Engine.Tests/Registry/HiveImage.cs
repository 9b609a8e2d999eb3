using System.Buffers.Binary;
using System.Text;
using V2V.Engine.FileSystems;
using V2V.Engine.Registry;
using V2V.Engine.Tests.FileSystems;

namespace V2V.Engine.Tests.Registry;

/// <summary>A hive's file in a guest's file system in memory, and hives made from nothing by the format's description.</summary>
internal sealed class HiveImage
{
    internal const string Path = "/Windows/System32/config/SYSTEM";

    internal HiveImage(byte[] content)
    {
        FileSystem = new MemoryFileSystem("ntfs").With(Path, content);
        Root = new GuestRoot([new GuestMount("/", FileSystem, null!)]);
    }

    internal MemoryFileSystem FileSystem { get; }

    internal GuestRoot Root { get; }

    internal byte[] Content => FileSystem.ReadAllBytes(Path);

    internal RegistryHive Open() => RegistryHive.Open(Root, Path);

    internal HiveImage WithLog(string suffix, byte[] content)
    {
        FileSystem.With(Path + suffix, content);
        return this;
    }

    internal static RegistryHive Open(byte[] content) => new HiveImage(content).Open();

    /// <summary>A base block, one bin, the root key and its security descriptor.</summary>
    internal static byte[] Empty(int minorVersion = 5, string rootName = "CMI-CreateHive{2A7FB991-7BBE-4F9D-B91E-7CB51D4737F5}")
    {
        const ulong Time = 0x01DA4C115D3A8000;
        var hive = new byte[8192];
        "regf"u8.CopyTo(hive);
        U32(hive, 4, 1);
        U32(hive, 8, 1);
        U64(hive, 12, Time);
        U32(hive, 20, 1);
        U32(hive, 24, (uint)minorVersion);
        U32(hive, 32, 1);
        U32(hive, 36, 32);
        U32(hive, 40, 4096);
        U32(hive, 44, 1);
        Seal(hive);

        var bin = hive.AsSpan(4096);
        "hbin"u8.CopyTo(bin);
        U32(bin, 8, 4096);
        U64(bin, 20, Time);
        var name = Encoding.ASCII.GetBytes(rootName);
        var keySize = (4 + 76 + name.Length + 7) & ~7;
        var securityAt = 32 + keySize;
        var descriptor = SecurityDescriptor();
        var securitySize = (4 + 20 + descriptor.Length + 7) & ~7;

        U32(bin, 32, (uint)-keySize);
        var key = bin[36..];
        "nk"u8.CopyTo(key);
        BinaryPrimitives.WriteUInt16LittleEndian(key[2..], 0x2C);
        U64(key, 4, Time);
        U32(key, 28, uint.MaxValue);
        U32(key, 32, uint.MaxValue);
        U32(key, 40, uint.MaxValue);
        U32(key, 44, (uint)securityAt);
        U32(key, 48, uint.MaxValue);
        BinaryPrimitives.WriteUInt16LittleEndian(key[72..], (ushort)name.Length);
        name.CopyTo(key[76..]);

        U32(bin, securityAt, (uint)-securitySize);
        var security = bin[(securityAt + 4)..];
        "sk"u8.CopyTo(security);
        U32(security, 4, (uint)securityAt);
        U32(security, 8, (uint)securityAt);
        U32(security, 12, 1);
        U32(security, 16, (uint)descriptor.Length);
        descriptor.CopyTo(security[20..]);
        var free = securityAt + securitySize;
        U32(bin, free, (uint)(4096 - free));
        return hive;
    }

    /// <summary>Corrects the base block's checksum.</summary>
    internal static void Seal(Span<byte> hive)
    {
        uint sum = 0;
        for (var i = 0; i < 508; i += 4)
        {
            sum ^= BinaryPrimitives.ReadUInt32LittleEndian(hive[i..]);
        }

        U32(hive, 508, sum switch { 0 => 1, uint.MaxValue => 0xFFFFFFFE, _ => sum });
    }

    internal static void U32(Span<byte> at, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(at[offset..], value);

    internal static void U64(Span<byte> at, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(at[offset..], value);

    internal static uint U32(ReadOnlySpan<byte> at, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(at[offset..]);

    /// <summary>Owner and group Administrators, no list of rights: 20 bytes and one SID.</summary>
    private static byte[] SecurityDescriptor() =>
        [1, 0, 0, 0x80, 20, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
}
