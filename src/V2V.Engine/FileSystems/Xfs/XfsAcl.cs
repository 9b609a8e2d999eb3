using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>POSIX ACLs on XFS disks: a count and entries of twelve bytes, big-endian (xfs_acl).</summary>
internal static class XfsAcl
{
    private const int EntrySize = 12;

    /// <summary>XFS_ACL_MAX_ENTRIES of file systems of version 4.</summary>
    private const int Version4MaxEntries = 25;

    private static class Offsets
    {
        public const int Tag = 0;
        public const int Id = 4;
        public const int Permissions = 8;
    }

    /// <summary>The form that the attribute interface shows; a malformed value is shown as it stands.</summary>
    public static byte[] FromDisk(byte[] value)
    {
        if (value.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32BigEndian(value) is var count && (long)count * EntrySize != value.Length - sizeof(uint))
        {
            return value;
        }

        var entries = new List<PosixAclEntry>();
        for (var raw = value.AsSpan(sizeof(uint)); !raw.IsEmpty; raw = raw[EntrySize..])
        {
            entries.Add(new PosixAclEntry(
                (ushort)BinaryPrimitives.ReadUInt32BigEndian(raw[Offsets.Tag..]), BinaryPrimitives.ReadUInt16BigEndian(raw[Offsets.Permissions..]),
                BinaryPrimitives.ReadUInt32BigEndian(raw[Offsets.Id..])));
        }

        return PosixAcl.Format(entries);
    }

    /// <exception cref="GuestFileSystemException">The value is no ACL, or too long a one.</exception>
    public static byte[] ToDisk(byte[] value, XfsGeometry geometry, string path)
    {
        var entries = PosixAcl.Parse(value) ?? throw XfsErrors.Invalid(path, "the value is not a POSIX ACL of version 2.");
        if (!geometry.IsV5 && entries.Count > Version4MaxEntries)
        {
            throw XfsErrors.Invalid(path, $"XFS file systems of version 4 hold ACLs of at most {Version4MaxEntries} entries; this one has {entries.Count}.");
        }

        var result = new byte[sizeof(uint) + (entries.Count * EntrySize)];
        BinaryPrimitives.WriteUInt32BigEndian(result, (uint)entries.Count);
        var raw = result.AsSpan(sizeof(uint));
        foreach (var entry in entries)
        {
            BinaryPrimitives.WriteUInt32BigEndian(raw[Offsets.Tag..], entry.Tag);
            BinaryPrimitives.WriteUInt32BigEndian(raw[Offsets.Id..], entry.HasId ? entry.Id : 0);
            BinaryPrimitives.WriteUInt16BigEndian(raw[Offsets.Permissions..], entry.Permissions);
            raw = raw[EntrySize..];
        }

        return result;
    }
}
