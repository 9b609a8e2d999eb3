using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>Attributes within the inode (xfs_attr_shortform): a size, a count, and names and values one after the other.</summary>
internal static class XfsAttributeShortForm
{
    private const int HeaderSize = 4;

    private const int EntryHeaderSize = 3;

    private static class Offsets
    {
        public const int Size = 0;
        public const int Count = 2;
        public const int NameLength = 0;
        public const int ValueLength = 1;
        public const int Flags = 2;
    }

    /// <summary>Bytes that attributes take within the inode; null when they cannot stand there whatever the room.</summary>
    public static int? SizeOf(IReadOnlyCollection<XfsAttribute> attributes) =>
        attributes.Count <= byte.MaxValue
        && attributes.All(a => a.IsLocal && a.Value.Length <= byte.MaxValue && !a.Flags.HasFlag(XfsAttributeFlags.Incomplete))
            ? HeaderSize + attributes.Sum(a => EntryHeaderSize + a.Name.Length + a.Value.Length)
            : null;

    /// <summary>Writes attributes for which the fork has room.</summary>
    public static void Save(XfsFork fork, IReadOnlyCollection<XfsAttribute> attributes)
    {
        var content = new byte[SizeOf(attributes) ?? throw Corrupt(fork)];
        BinaryPrimitives.WriteUInt16BigEndian(content.AsSpan(Offsets.Size), (ushort)content.Length);
        content[Offsets.Count] = (byte)attributes.Count;
        var raw = content.AsSpan(HeaderSize);
        foreach (var attribute in attributes)
        {
            raw[Offsets.NameLength] = (byte)attribute.Name.Length;
            raw[Offsets.ValueLength] = (byte)attribute.Value.Length;
            raw[Offsets.Flags] = (byte)(attribute.Flags & ~XfsAttributeFlags.Local);
            attribute.Name.CopyTo(raw[EntryHeaderSize..]);
            attribute.Value.CopyTo(raw[(EntryHeaderSize + attribute.Name.Length)..]);
            raw = raw[(EntryHeaderSize + attribute.Name.Length + attribute.Value.Length)..];
        }

        fork.SetInline(content);
    }

    /// <summary>The attributes; none in a fork that is not inline.</summary>
    /// <exception cref="GuestFileSystemException">The fork is malformed.</exception>
    public static List<XfsAttribute> Parse(XfsFork fork)
    {
        var attributes = new List<XfsAttribute>();
        if (fork.Format != XfsForkFormat.Local)
        {
            return attributes;
        }

        var raw = fork.Inline;

        if (raw.Length < HeaderSize || BinaryPrimitives.ReadUInt16BigEndian(raw[Offsets.Size..]) is var size && (size < HeaderSize || size > raw.Length))
        {
            throw Corrupt(fork);
        }

        int count = raw[Offsets.Count];
        raw = raw[HeaderSize..size];
        while (attributes.Count < count)
        {
            if (raw.Length < EntryHeaderSize || raw[Offsets.NameLength] == 0
                || raw.Length < EntryHeaderSize + raw[Offsets.NameLength] + raw[Offsets.ValueLength])
            {
                throw Corrupt(fork);
            }

            var name = raw.Slice(EntryHeaderSize, raw[Offsets.NameLength]);
            var value = raw.Slice(EntryHeaderSize + name.Length, raw[Offsets.ValueLength]);
            attributes.Add(new XfsAttribute(
                (XfsAttributeFlags)raw[Offsets.Flags] | XfsAttributeFlags.Local, name.ToArray(), XfsDaHash.Compute(name), value.ToArray(), 0, 0));
            raw = raw[(EntryHeaderSize + name.Length + value.Length)..];
        }

        return attributes;
    }

    private static GuestFileSystemException Corrupt(XfsFork fork) =>
        XfsErrors.Corrupt($"the inline attributes of inode {fork.Owner} are malformed.");
}
