using System.Buffers.Binary;

namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// Security descriptors for what a service runs as LocalSystem: SYSTEM and Administrators may do everything, Users may read and run, nobody else
/// anything. Inheriting from the Windows folder is not enough: on XP and 2003, Power Users may write there ([MS-DTYP] 2.4.6 for the format).
/// </summary>
internal static class FirstBootSecurity
{
    /// <summary>The attribute by which NTFS shows a descriptor.</summary>
    public const string Attribute = "system.ntfs_acl";

    private const int HeaderSize = 20;
    private const int AclHeaderSize = 8;
    private const int AceHeaderSize = 8;

    /// <summary>SE_SELF_RELATIVE, SE_DACL_AUTO_INHERITED, SE_DACL_PRESENT; SE_DACL_PROTECTED keeps the parent's entries away.</summary>
    private const ushort Present = 0x8404;
    private const ushort Protected = 0x1000;

    /// <summary>OBJECT_INHERIT_ACE with CONTAINER_INHERIT_ACE, and INHERITED_ACE.</summary>
    private const byte ToChildren = 0x03;
    private const byte Inherited = 0x10;

    private const uint FullControl = 0x001F01FF;
    private const uint ReadAndExecute = 0x001200A9;

    private static readonly byte[] System = Sid(18);
    private static readonly byte[] Administrators = Sid(32, 544);
    private static readonly byte[] Users = Sid(32, 545);

    /// <summary>For a folder that takes nothing from the one it is in, and passes its own entries on.</summary>
    public static byte[] TopFolder { get; } = Descriptor(Present | Protected, ToChildren);

    /// <summary>For a folder below it.</summary>
    public static byte[] Folder { get; } = Descriptor(Present, ToChildren | Inherited);

    /// <summary>For a file in it.</summary>
    public static byte[] File { get; } = Descriptor(Present, Inherited);

    private static byte[] Descriptor(ushort control, byte flags)
    {
        byte[][] entries = [Entry(flags, FullControl, System), Entry(flags, FullControl, Administrators), Entry(flags, ReadAndExecute, Users)];
        var acl = AclHeaderSize + entries.Sum(e => e.Length);
        var descriptor = new byte[HeaderSize + acl + Administrators.Length + System.Length];
        var header = descriptor.AsSpan();
        header[0] = 1; // revision
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], control);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], HeaderSize + acl); // owner
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], HeaderSize + acl + Administrators.Length); // group
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], HeaderSize); // discretionary list

        var list = header[HeaderSize..];
        list[0] = 2; // revision
        BinaryPrimitives.WriteUInt16LittleEndian(list[2..], (ushort)acl);
        BinaryPrimitives.WriteUInt16LittleEndian(list[4..], (ushort)entries.Length);
        var at = AclHeaderSize;
        foreach (var part in (byte[][])[.. entries, Administrators, System])
        {
            part.CopyTo(list[at..]);
            at += part.Length;
        }

        return descriptor;
    }

    /// <summary>ACCESS_ALLOWED_ACE.</summary>
    private static byte[] Entry(byte flags, uint mask, byte[] sid)
    {
        var entry = new byte[AceHeaderSize + sid.Length];
        entry[1] = flags;
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(2), (ushort)entry.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(4), mask);
        sid.CopyTo(entry, AceHeaderSize);
        return entry;
    }

    /// <summary>S-1-5-...: of the NT authority.</summary>
    private static byte[] Sid(params uint[] parts)
    {
        var sid = new byte[8 + (4 * parts.Length)];
        sid[0] = 1;
        sid[1] = (byte)parts.Length;
        sid[7] = 5;
        for (var i = 0; i < parts.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(sid.AsSpan(8 + (4 * i)), parts[i]);
        }

        return sid;
    }
}
