using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>POSIX ACLs on ext's disks: version 1, little-endian, without ids where none belong.</summary>
internal static class ExtAcl
{
    public const byte AccessIndex = 2;

    public const byte DefaultIndex = 3;

    private const uint DiskVersion = 1;

    private const int ShortEntry = 4;

    private const int LongEntry = 8;

    public static bool IsAcl(byte index) => index is AccessIndex or DefaultIndex;

    /// <summary>The form that the attribute interface shows; a malformed value is shown as it stands.</summary>
    public static byte[] FromDisk(byte[] value)
    {
        if (value.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(value) != DiskVersion)
        {
            return value;
        }

        var entries = new List<PosixAclEntry>();
        for (var raw = value.AsSpan(sizeof(uint)); !raw.IsEmpty;)
        {
            if (raw.Length < ShortEntry)
            {
                return value;
            }

            var entry = new PosixAclEntry(
                BinaryPrimitives.ReadUInt16LittleEndian(raw), BinaryPrimitives.ReadUInt16LittleEndian(raw[sizeof(ushort)..]), PosixAcl.NoId);
            if (entry.HasId && raw.Length < LongEntry)
            {
                return value;
            }

            entries.Add(entry.HasId ? entry with { Id = BinaryPrimitives.ReadUInt32LittleEndian(raw[ShortEntry..]) } : entry);
            raw = raw[EntrySize(entry)..];
        }

        return PosixAcl.Format(entries);
    }

    /// <exception cref="GuestFileSystemException">The value is no ACL.</exception>
    public static byte[] ToDisk(byte[] value, string path)
    {
        var entries = PosixAcl.Parse(value) ?? throw ExtErrors.Invalid(path, "the value is not a POSIX ACL of version 2.");
        var result = new byte[sizeof(uint) + entries.Sum(EntrySize)];
        BinaryPrimitives.WriteUInt32LittleEndian(result, DiskVersion);
        var raw = result.AsSpan(sizeof(uint));
        foreach (var entry in entries)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(raw, entry.Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(raw[sizeof(ushort)..], entry.Permissions);
            if (entry.HasId)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(raw[ShortEntry..], entry.Id);
            }

            raw = raw[EntrySize(entry)..];
        }

        return result;
    }

    private static int EntrySize(PosixAclEntry entry) => entry.HasId ? LongEntry : ShortEntry;
}
