using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// POSIX ACLs have one form in the attribute interface (version 2, eight bytes an entry) and a shorter one on ext's disks (version 1, without
/// ids where none belong). Both are little-endian.
/// </summary>
internal static class ExtAcl
{
    public const byte AccessIndex = 2;

    public const byte DefaultIndex = 3;

    private const uint InterfaceVersion = 2;

    private const uint DiskVersion = 1;

    private const int ShortEntry = 4;

    private const int LongEntry = 8;

    private const ushort UserTag = 2;

    private const ushort GroupTag = 8;

    private const ushort OwnerTag = 1;

    private const ushort OwningGroupTag = 4;

    private const ushort MaskTag = 0x10;

    private const ushort OtherTag = 0x20;

    private const int Permissions = 7;

    public static bool IsAcl(byte index) => index is AccessIndex or DefaultIndex;

    /// <summary>The form that the attribute interface shows; a malformed value is shown as it stands.</summary>
    public static byte[] FromDisk(byte[] value)
    {
        if (value.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(value) != DiskVersion)
        {
            return value;
        }

        using var result = new MemoryStream();
        Put32(result, InterfaceVersion);
        for (var at = sizeof(uint); at < value.Length;)
        {
            var size = value.Length - at < ShortEntry ? int.MaxValue : EntrySize(value.AsSpan(at));
            if (size > value.Length - at)
            {
                return value;
            }

            result.Write(value, at, ShortEntry);
            Put32(result, size == LongEntry ? BinaryPrimitives.ReadUInt32LittleEndian(value.AsSpan(at + ShortEntry)) : uint.MaxValue);
            at += size;
        }

        return result.ToArray();
    }

    /// <exception cref="GuestFileSystemException">The value is no ACL.</exception>
    public static byte[] ToDisk(byte[] value, string path)
    {
        if (value.Length < sizeof(uint) || (value.Length - sizeof(uint)) % LongEntry != 0
            || BinaryPrimitives.ReadUInt32LittleEndian(value) != InterfaceVersion)
        {
            throw ExtErrors.Invalid(path, "the value is not a POSIX ACL of version 2.");
        }

        using var result = new MemoryStream();
        Put32(result, DiskVersion);
        for (var at = sizeof(uint); at < value.Length; at += LongEntry)
        {
            result.Write(value, at, EntrySize(value.AsSpan(at)));
        }

        return result.ToArray();
    }

    /// <summary>An ACL in its form on disk with the permissions of a mode, as chmod(2) leaves it; a malformed one as it stands.</summary>
    public static byte[] WithMode(byte[] value, int mode)
    {
        var result = (byte[])value.Clone();
        foreach (var (at, shift) in ModeEntries(value))
        {
            BinaryPrimitives.WriteUInt16LittleEndian(result.AsSpan(at), (ushort)((mode >> shift) & Permissions));
        }

        return result;
    }

    /// <summary>A mode with the permissions that an ACL in its form on disk gives, as setting one leaves it.</summary>
    public static int ModeOf(byte[] value, int mode)
    {
        foreach (var (at, shift) in ModeEntries(value))
        {
            mode = (mode & ~(Permissions << shift)) | ((BinaryPrimitives.ReadUInt16LittleEndian(value.AsSpan(at)) & Permissions) << shift);
        }

        return mode;
    }

    /// <summary>
    /// Where the permissions stand that a mode has too, and their place in it. The mode's group class is the mask or, without one, the
    /// owning group (acl(5), "Correspondence between ACL entries and file permission bits").
    /// </summary>
    private static List<(int Offset, int Shift)> ModeEntries(byte[] value)
    {
        var entries = new Dictionary<ushort, int>();
        for (var at = sizeof(uint); value.Length - at >= ShortEntry; at += EntrySize(value.AsSpan(at)))
        {
            entries[BinaryPrimitives.ReadUInt16LittleEndian(value.AsSpan(at))] = at + sizeof(ushort);
        }

        (ushort Tag, int Shift)[] classes = [(OwnerTag, 6), (entries.ContainsKey(MaskTag) ? MaskTag : OwningGroupTag, 3), (OtherTag, 0)];
        return [.. classes.Where(c => entries.ContainsKey(c.Tag)).Select(c => (entries[c.Tag], c.Shift))];
    }

    /// <summary>Only named users and groups carry an id.</summary>
    private static int EntrySize(ReadOnlySpan<byte> entry) =>
        BinaryPrimitives.ReadUInt16LittleEndian(entry) is UserTag or GroupTag ? LongEntry : ShortEntry;

    private static void Put32(MemoryStream stream, uint value)
    {
        Span<byte> raw = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(raw, value);
        stream.Write(raw);
    }
}
