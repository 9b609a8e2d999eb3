using System.Buffers.Binary;

namespace V2V.Engine.FileSystems;

/// <summary>An entry of a POSIX ACL (acl(5)).</summary>
/// <param name="Tag">Whom it is for: ACL_USER_OBJ and so on.</param>
/// <param name="Permissions">Read, write and execute bits.</param>
/// <param name="Id">The named user or group; <see cref="PosixAcl.NoId"/> in other entries.</param>
internal readonly record struct PosixAclEntry(ushort Tag, ushort Permissions, uint Id)
{
    /// <summary>Only named users and groups carry an id.</summary>
    public bool HasId => Tag is PosixAcl.UserTag or PosixAcl.GroupTag;
}

/// <summary>
/// POSIX ACLs in the form of the attribute interface (version 2, little-endian, eight bytes an entry), in which every file system shows them.
/// Each has a form of its own on disk.
/// </summary>
internal static class PosixAcl
{
    public const string AccessName = "system.posix_acl_access";

    public const string DefaultName = "system.posix_acl_default";

    public const uint NoId = uint.MaxValue;

    public const ushort UserTag = 2;

    public const ushort GroupTag = 8;

    private const ushort OwnerTag = 1;

    private const ushort OwningGroupTag = 4;

    private const ushort MaskTag = 0x10;

    private const ushort OtherTag = 0x20;

    private const int Permissions = 7;

    private const uint Version = 2;

    private const int EntrySize = 8;

    private static class Offsets
    {
        public const int Tag = 0;
        public const int Permissions = 2;
        public const int Id = 4;
    }

    /// <summary>The entries, or null when the value is no ACL.</summary>
    public static List<PosixAclEntry>? Parse(ReadOnlySpan<byte> value)
    {
        if (value.Length < sizeof(uint) || (value.Length - sizeof(uint)) % EntrySize != 0 || BinaryPrimitives.ReadUInt32LittleEndian(value) != Version)
        {
            return null;
        }

        var entries = new List<PosixAclEntry>();
        for (var raw = value[sizeof(uint)..]; !raw.IsEmpty; raw = raw[EntrySize..])
        {
            entries.Add(new PosixAclEntry(
                BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.Tag..]), BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.Permissions..]),
                BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.Id..])));
        }

        return entries;
    }

    public static byte[] Format(IReadOnlyList<PosixAclEntry> entries)
    {
        var value = new byte[sizeof(uint) + (entries.Count * EntrySize)];
        BinaryPrimitives.WriteUInt32LittleEndian(value, Version);
        var raw = value.AsSpan(sizeof(uint));
        foreach (var entry in entries)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.Tag..], entry.Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.Permissions..], entry.Permissions);
            BinaryPrimitives.WriteUInt32LittleEndian(raw[Offsets.Id..], entry.HasId ? entry.Id : NoId);
            raw = raw[EntrySize..];
        }

        return value;
    }

    /// <summary>An ACL with the permissions of a mode, as chmod(2) leaves it; what is no ACL as it stands.</summary>
    public static byte[] WithMode(byte[] value, int mode)
    {
        if (Parse(value) is not { } entries)
        {
            return value;
        }

        foreach (var (index, shift) in ModeEntries(entries))
        {
            entries[index] = entries[index] with { Permissions = (ushort)((mode >> shift) & Permissions) };
        }

        return Format(entries);
    }

    /// <summary>A mode with the permissions that an ACL gives, as setting one leaves it.</summary>
    public static int ModeOf(byte[] value, int mode)
    {
        var entries = Parse(value) ?? [];
        foreach (var (index, shift) in ModeEntries(entries))
        {
            mode = (mode & ~(Permissions << shift)) | ((entries[index].Permissions & Permissions) << shift);
        }

        return mode;
    }

    /// <summary>
    /// The entries whose permissions a mode has too, and their place in it. The mode's group class is the mask or, without one, the
    /// owning group (acl(5), "Correspondence between ACL entries and file permission bits").
    /// </summary>
    private static List<(int Index, int Shift)> ModeEntries(List<PosixAclEntry> entries)
    {
        int Last(ushort tag) => entries.FindLastIndex(e => e.Tag == tag);

        (int Index, int Shift)[] classes = [(Last(OwnerTag), 6), (Last(MaskTag) is >= 0 and var mask ? mask : Last(OwningGroupTag), 3), (Last(OtherTag), 0)];
        return [.. classes.Where(c => c.Index >= 0)];
    }
}
